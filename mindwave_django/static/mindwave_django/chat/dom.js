// Building elements without innerHTML.

/** Create an element: properties that start with "on" listen, `dataset` and attributes are set. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set or remove an attribute that says yes by being there. */
export function toggle(element, attribute, on) {
  element.toggleAttribute(attribute, Boolean(on));
}

/** Return the element that has the focus, in whatever shadow tree it stands. */
export function focused(root = document) {
  const active = root.activeElement;
  return active?.shadowRoot?.activeElement ? focused(active.shadowRoot) : active;
}
