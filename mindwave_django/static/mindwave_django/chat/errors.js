// What went wrong, in words for people, and the one thing to do about it.

import { fill } from "./texts.js";

/** Return `{ text, action }`; the action is "retry", "reload", "show" (the running answer) or null. */
export function describe(error, texts) {
  const { code, status, retryable } = error;
  if (code === "connection_lost") return { text: texts.connectionLost, action: "retry" };
  if (status === 401) return { text: texts.loggedOut, action: "reload" };
  if (status === 403) return forbidden(error, texts);
  if (code === "conversation_busy") return { text: texts.busy, action: "show" };
  if (code === "not_latest") return { text: texts.notLatest, action: "show" };
  if (status === 404 || status === 410) return { text: texts.gone, action: "reload" };
  if (code === "stream_expired") return { text: inWords(error, texts), action: "show" };
  return { text: inWords(error, texts), action: retryable || status >= 500 ? "retry" : null };
}

// Else it was the CSRF check, ours or Django's: the page is older than the login.
function forbidden({ code, message }, texts) {
  if (code === "permission_denied") return { text: message || texts.forbidden, action: null };
  return { text: texts.pageExpired, action: "reload" };
}

function inWords({ code, message, fields, status }, texts) {
  const field = Object.values(fields ?? {})[0]?.[0];
  if (field) return field;
  if (code === "http_error" || code === "invalid_response") {
    return status ? fill(texts.badAnswerStatus, { status }) : texts.badAnswer;
  }
  return message || texts.badAnswer;
}
