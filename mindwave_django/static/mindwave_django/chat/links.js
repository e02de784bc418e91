// Which addresses an answer may link to. Whatever is not named here stays plain text.

const LINKS = new Set(["http:", "https:", "mailto:"]);
const PICTURES = new Set(["http:", "https:"]);

// The browser's own parser decides what the scheme is, after it has removed control characters and
// folded the case. Without a base, an address that has no scheme of its own is none.
function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

function allowed(address, schemes) {
  const url = parsed(address);
  if (!url || !schemes.has(url.protocol)) return null;
  // https://bank.example@evil.example looks like the bank.
  return url.username || url.password ? null : url.href;
}

/** Return the address to link to, or null where the text must stay a text. */
export function safeLink(address) {
  return allowed(address, LINKS);
}

/** Return the address of a picture that may be loaded, or null. */
export function safePicture(address) {
  return allowed(address, PICTURES);
}
