// Tables of thousands of cells. The browser measures every cell of a table again for each new row,
// so after a hundred rows the widths are fixed, and the next rows get a table of their own below.

import { h } from "./dom.js";

/** Return the body for the rows that follow those in `body`, or the same one if nothing is laid out. */
export function nextBody(body) {
  const table = body.closest("table");
  const columns = table.querySelector("colgroup") ?? fix(table);
  if (!columns) return body;
  const next = h("tbody");
  const attributes = { class: "fixed", part: "table", dir: "auto" };
  const rest = h("table", attributes, columns.cloneNode(true), next);
  rest.style.width = table.style.width;
  table.closest(".table").append(h("div", { class: "rows" }, rest));
  return next;
}

function fix(table) {
  const widths = [...table.rows[0].cells].map((cell) => cell.getBoundingClientRect().width);
  if (!widths[0]) return null;
  const columns = h("colgroup");
  for (const width of widths) columns.append(column(width));
  table.prepend(columns);
  table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
  table.classList.add("fixed");
  return columns;
}

function column(width) {
  const element = h("col");
  element.style.width = `${width}px`; // through the object: an attribute would need `unsafe-inline`
  return element;
}
