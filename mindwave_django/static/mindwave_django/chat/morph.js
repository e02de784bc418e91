// Make the live nodes look like freshly built ones, touching only what differs: a selection stays,
// and the browser lays out only what is new.

/** Make the children of `parent` after `settled` (null: all of them) equal to those of `built`. */
export function morph(parent, settled, built) {
  let live = settled ? settled.nextSibling : parent.firstChild;
  let fresh = built.firstChild;
  while (fresh) {
    const next = fresh.nextSibling;
    if (!live) parent.append(fresh);
    else live = adopt(live, fresh).nextSibling;
    fresh = next;
  }
  while (live) {
    const next = live.nextSibling;
    live.remove();
    live = next;
  }
}

/** Make one node equal to another, and return the one that stands in the page then. */
function adopt(live, fresh) {
  if (!sameKind(live, fresh)) {
    live.replaceWith(fresh);
    return fresh;
  }
  if (live.nodeType === Node.TEXT_NODE) updateText(live, fresh.data);
  else morph(live, null, fresh);
  return live;
}

function sameKind(live, fresh) {
  if (live.nodeName !== fresh.nodeName) return false;
  if (live.nodeType === Node.TEXT_NODE) return true;
  const names = fresh.getAttributeNames();
  if (names.length !== live.getAttributeNames().length) return false;
  return names.every((name) => live.getAttribute(name) === fresh.getAttribute(name));
}

function updateText(node, text) {
  if (node.data === text) return;
  // Appending keeps a selection that ends inside the text.
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}
