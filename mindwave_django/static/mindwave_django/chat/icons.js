// One set of icons: 24 × 24, one weight, in the colour of the text.

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  stop: "M7 7h10v10H7z",
  list: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14M5.5 12.5 12 19l6.5-6.5",
  copy: "M9 9h10v10H9zM5 15V5h10",
  check: "M5 12.5 10 17.5 19 7",
  again: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4.5H15",
  edit: "M5 19h3.5L19 8.5 15.5 5 5 15.5zM13 7.5l3.5 3.5",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7",
  chat: "M5 5h14v11h-7l-4.5 3.5V16H5z",
};

/** Build an icon; it is for the eye only, its button has the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Build a button that shows an icon and is called by its label. */
export function iconButton({ action, label, name, onclick }) {
  const attributes = { type: "button", class: "icon-button", "data-action": action, title: label };
  return h("button", { ...attributes, "aria-label": label, onclick }, icon(name));
}
