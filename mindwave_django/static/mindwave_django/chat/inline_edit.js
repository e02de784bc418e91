// Editing a title where it stands.

import { h } from "./dom.js";

/** Put an input in the place of an element until it is saved (Enter, leaving) or given up (Escape). */
export function editInPlace(element, { value, label, onSave }) {
  const input = h("input", {
    class: "inline-edit",
    "aria-label": label,
    maxlength: 200,
    dir: "auto",
  });
  input.value = value;
  let isOver = false;
  const finish = (save, refocus) => {
    if (isOver) return;
    isOver = true;
    const text = input.value.trim();
    input.replaceWith(element);
    if (refocus) element.focus();
    if (save && text && text !== value) onSave(text);
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    finish(event.key === "Enter", true);
  });
  input.addEventListener("blur", () => finish(true, false));
  element.replaceWith(input);
  input.focus();
  input.select();
}

/** Put a question in the place of an element until it is answered. */
export function confirmInPlace(element, { question, yes, no, onYes }) {
  const box = h("div", { class: "confirm", role: "group", "aria-label": question });
  const close = () => {
    box.replaceWith(element);
    element.querySelector("button")?.focus();
  };
  const agree = h(
    "button",
    { type: "button", class: "button danger", "data-action": "confirm" },
    yes,
  );
  const refuse = h("button", { type: "button", class: "button" }, no);
  agree.addEventListener("click", () => (close(), onYes()));
  refuse.addEventListener("click", close);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  box.append(h("span", {}, question), h("div", { class: "row" }, refuse, agree));
  element.replaceWith(box);
  refuse.focus();
}
