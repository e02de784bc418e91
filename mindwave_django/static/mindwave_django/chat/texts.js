// The words of the chat. The server hands them over, translated, in the attribute `texts`.

/** Return the texts of an element; a text that is missing is empty. */
export function readTexts(element) {
  const texts = readJson(element.getAttribute("texts")) ?? {};
  return new Proxy(texts, { get: (all, key) => all[key] ?? "" });
}

/** Return what an attribute holds as JSON, or null. */
export function readJson(value) {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

/** Put values into a text: fill("in {seconds} s", { seconds: 12 }). */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
