// The nodes of the chat: those that the server rendered, and those that only a script has use for.

import { h } from "./dom.js";

/** Return the shadow root with what the server rendered in it, or with as much built by hand. */
export function shadowOf(element, texts) {
  if (element.shadowRoot) return element.shadowRoot;
  const root = attach(element);
  if (!root.querySelector("[part~=chat]")) root.append(buildForm(element, texts));
  hideUntilStyled(root);
  return root;
}

// Where the element came by innerHTML, the template is an ordinary one.
function attach(element) {
  const root = element.attachShadow({ mode: "open" });
  const template = element.querySelector(":scope > template[shadowrootmode]");
  if (template) root.append(template.content.cloneNode(true));
  template?.remove();
  return root;
}

function buildForm(element, texts) {
  const fragment = document.createDocumentFragment();
  const href = element.getAttribute("stylesheet");
  if (href) fragment.append(h("link", { rel: "stylesheet", href }));
  const empty = h(
    "div",
    { class: "empty", part: "empty" },
    h("p", { class: "empty-title" }, texts.emptyTitle),
  );
  const label = { "aria-label": texts.prompt, placeholder: texts.placeholder };
  const field = h("textarea", { name: "prompt", part: "field", rows: 1, dir: "auto", ...label });
  const button = h("button", { class: "send", part: "send-button" });
  const form = h("form", { class: "composer", part: "composer" }, field, button);
  const pane = h("div", { class: "pane" }, empty, h("div", { class: "foot" }, form));
  fragment.append(h("div", { class: "chat", part: "chat" }, pane));
  return fragment;
}

// A style sheet that a script puts there does not hold up painting by itself.
function hideUntilStyled(root) {
  const link = root.querySelector("link[rel=stylesheet]");
  const chat = root.querySelector("[part~=chat]");
  if (!link) return;
  chat.hidden = true;
  const show = () => (chat.hidden = false);
  link.addEventListener("load", show, { once: true });
  link.addEventListener("error", show, { once: true });
}
