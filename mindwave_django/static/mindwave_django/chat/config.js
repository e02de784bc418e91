// The attributes of the element, read once.

import { cookie } from "./api.js";
import { readJson, readTexts } from "./texts.js";

/** Return what the author of the page has set. */
export function readConfig(element) {
  const attribute = (name) => element.getAttribute(name) ?? "";
  const pinned = attribute("conversation") || null;
  return {
    base: attribute("base"),
    texts: readTexts(element),
    driver: attribute("driver") || undefined,
    pinned,
    hasList: !pinned && attribute("conversations") !== "off",
    maxLength: Number(attribute("max-length")) || null,
    starters: readJson(attribute("starters")) ?? [],
    showUsage: element.hasAttribute("usage"),
    showProgress: attribute("usage") === "live",
    images: element.hasAttribute("images"),
    isBubble: attribute("layout") === "bubble",
    language: attribute("lang") || document.documentElement.lang || undefined,
  };
}

/** Return a function that gives Django's CSRF token: the cookie's, else that of the form. */
export function tokenReader(element, form) {
  const name = element.getAttribute("csrf-cookie") || "csrftoken";
  const field = form.querySelector("input[name=csrfmiddlewaretoken]");
  return () => cookie(name) || field?.value || "";
}
