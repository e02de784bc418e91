// The line of figures under an answer, for sites that ask for it.

const MEASURABLE = 0.5; // seconds; a rate over less is noise

import { fill } from "./texts.js";

/** Return "412 tokens · 58/s · $0.0031", or "" where nothing is known. */
export function usageLine({ usage, cost, seconds }, { texts, language }) {
  const tokens = usage?.output_tokens;
  const parts = [];
  if (typeof tokens === "number") parts.push(tokenCount(tokens, usage, texts, language));
  const written = tokens - (usage?.reasoning_tokens ?? 0); // the seconds are those of the text
  if (written > 0 && seconds >= MEASURABLE) {
    parts.push(fill(texts.tokensPerSecond, { count: number(written / seconds, language, 0) }));
  }
  if (cost !== null && cost !== undefined) parts.push(money(Number(cost), language));
  return parts.join(" · ");
}

/** Return "42 tokens · 18.5/s · $0.0012": how far an answer is that is being written. */
export function progressLine({ tokens, tokens_per_second: rate, cost }, { texts, language }) {
  const parts = [tokenCount(tokens, {}, texts, language)];
  if (typeof rate === "number") {
    const digits = rate < 100 ? 1 : 0;
    parts.push(fill(texts.tokensPerSecond, { count: number(rate, language, digits, digits) }));
  }
  if (cost) parts.push(money(cost, language)); // a zero may be one by rounding
  return parts.join(" · ");
}

function tokenCount(tokens, usage, texts, language) {
  const count = number(tokens, language, 0);
  const text = tokens === 1 ? texts.token : fill(texts.tokens, { count });
  return usage.source === "estimated" ? `≈ ${text}` : text;
}

function number(value, language, digits, atLeast = 0) {
  const options = { minimumFractionDigits: atLeast, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, options).format(value);
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
