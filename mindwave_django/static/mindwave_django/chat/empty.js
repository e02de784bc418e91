// What stands where the dialogue will be: a question to the reader, and ways to begin.

import { h } from "./dom.js";

/** Add the starters to the greeting that the server rendered. */
export function addStarters(empty, starters, onStart) {
  if (!starters.length) return;
  const button = (text) =>
    h(
      "button",
      {
        type: "button",
        class: "starter",
        part: "starter",
        dir: "auto",
        onclick: () => onStart(text),
      },
      text,
    );
  empty.append(h("div", { class: "starters", part: "starters" }, ...starters.map(button)));
}
