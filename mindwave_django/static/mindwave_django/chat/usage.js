// The line of figures under an answer, for sites that ask for it.

import { fill } from "./texts.js";

/** Return "412 tokens · 58/s · $0.0031", or "" where nothing is known. */
export function usageLine({ usage, cost, seconds }, { texts, language }) {
  const tokens = usage?.output_tokens;
  const parts = [];
  if (typeof tokens === "number") parts.push(tokenCount(tokens, usage, texts, language));
  if (tokens && seconds > 0) {
    const rate = number(tokens / seconds, language, 0);
    parts.push(fill(texts.tokensPerSecond, { count: rate }));
  }
  if (cost !== null && cost !== undefined) parts.push(money(Number(cost), language));
  return parts.join(" · ");
}

function tokenCount(tokens, usage, texts, language) {
  const count = number(tokens, language, 0);
  const text = tokens === 1 ? texts.token : fill(texts.tokens, { count });
  return usage.source === "estimated" ? `≈ ${text}` : text;
}

function number(value, language, digits) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

// A fraction of a cent is the usual price: its first two digits count.
function money(amount, language) {
  const digits = amount < 1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
  const style = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" };
  return new Intl.NumberFormat(language, { ...style, ...digits }).format(amount);
}

/** Return the seconds between the first token and the end of a stored answer, or null. */
export function secondsOf({ first_token_at: first, ended_at: ended }) {
  const seconds = (Date.parse(ended) - Date.parse(first)) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
