// Copying text, and showing for a moment on the button that it worked.

import { codeSource } from "./code_block.js";
import { icon } from "./icons.js";

const MOMENT = 1500; // milliseconds

/** Copy a text; resolves to whether that worked. */
export async function copyText(text, button, copied) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not served over HTTPS, or forbidden.
    if (!copyBySelection(text)) return false;
  }
  if (button) confirm(button, copied);
  return true;
}

function copyBySelection(text) {
  const field = document.createElement("textarea");
  const active = document.activeElement;
  field.value = text;
  document.body.append(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  active?.focus?.({ preventScroll: true });
  return worked;
}

function confirm(button, copied) {
  if (button.hasAttribute("data-copied")) return;
  const svg = button.querySelector("svg");
  const before = button.getAttribute("aria-label");
  button.toggleAttribute("data-copied", true);
  if (before) button.setAttribute("aria-label", copied);
  svg.replaceWith(icon("check"));
  setTimeout(() => {
    button.removeAttribute("data-copied");
    if (before) button.setAttribute("aria-label", before);
    button.querySelector("svg")?.replaceWith(svg);
  }, MOMENT);
}

/** Let the buttons of code blocks work, wherever in the chat one appears. */
export function listenForCodeCopies(chat, texts, announce) {
  chat.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-action=copy-code]");
    if (!button) return;
    const code = button.closest(".code").querySelector("code");
    if (await copyText(codeSource(code), button, texts.copied)) announce(texts.copied);
  });
}
