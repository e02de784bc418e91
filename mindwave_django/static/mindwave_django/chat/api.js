// The JSON endpoints beside the stream: conversations, their messages, their titles.

import { MindwaveError } from "../client.js";

export class ChatApi {
  #base;
  #token;
  #fetch;

  constructor({ base, csrfToken, fetch }) {
    this.#base = base;
    this.#token = csrfToken;
    this.#fetch = fetch;
  }

  conversations(path = `${this.#base}conversations/`) {
    return this.#ask("GET", path);
  }

  conversation(id) {
    return this.#ask("GET", this.#path(id));
  }

  /** Read a page of messages that came before. */
  earlier(path) {
    return this.#ask("GET", path);
  }

  rename(id, title) {
    return this.#ask("PATCH", this.#path(id), { title });
  }

  remove(id) {
    return this.#ask("DELETE", this.#path(id));
  }

  #path(id) {
    return `${this.#base}conversations/${encodeURIComponent(id)}/`;
  }

  async #ask(method, url, body) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRFToken"] = this.#token();
    if (body) headers["Content-Type"] = "application/json";
    const request = {
      method,
      headers,
      credentials: "same-origin",
      body: body && JSON.stringify(body),
    };
    const response = await this.#fetch(url, request).catch(lost);
    if (!response.ok) throw await refusal(response);
    return response.status === 204 ? null : response.json();
  }
}

function lost(cause) {
  throw new MindwaveError("No connection.", { code: "connection_lost", retryable: true, cause });
}

// A proxy, or Django's CSRF check, answers with a page of HTML.
async function refusal(response) {
  const body = (await response.json().catch(() => null)) ?? {};
  return new MindwaveError(body.error ?? "", {
    code: body.code ?? "http_error",
    retryAfter: body.retry_after,
    fields: body.fields,
    status: response.status,
  });
}

/** Return the value of a cookie, or "". */
export function cookie(name, cookies = document.cookie) {
  const found = cookies.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
