// The browser client: no DOM, no globals, and nothing happens at import. Types: client.d.ts.
// One file, so that it may be served under a hashed name, or copied.

const ASSUMED_HEARTBEAT = 15; // seconds, until the server has said
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; browsers fire a longer one at once
const CLOSED = 2; // EventSource.readyState after a refusal
const WAKING = ["online", "visibilitychange", "pageshow"];
const CHAT_STREAM = /(\/messages\/[^/?]+\/)stream\/?(\?.*)?$/;

export class MindwaveError extends Error {
  name = "MindwaveError";

  constructor(message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code ?? "error";
    this.retryable = details.retryable ?? false;
    this.retryAfter = details.retryAfter;
    this.status = details.status;
    this.fields = details.fields;
    this.idempotencyKey = details.idempotencyKey;
  }
}

export class MindwaveStreamingClient {
  #options;
  #environment;
  #answer = null;

  constructor(options, environment = {}) {
    check(typeof options?.apiUrl === "string", "apiUrl should be a string");
    const onMessage = options.onMessage ?? options.onChunk;
    check(typeof onMessage === "function", "onMessage should be a function");
    this.#options = { ...options, onMessage };
    this.#environment = { ...surroundings(), ...environment };
  }

  stream(prompt) {
    this.#begin().listen(withQuery(this.#options.apiUrl, { prompt }), { isFree: false });
  }

  async send(prompt, { conversation, driver, model, temperature, maxTokens, ...asking } = {}) {
    const body = { prompt, conversation, driver, model, temperature, max_tokens: maxTokens };
    return this.#post("messages/", body, asking);
  }

  async regenerate(messageId, asking = {}) {
    return this.#post(`messages/${encodeURIComponent(messageId)}/regenerate/`, {}, asking);
  }

  async edit(messageId, prompt, asking = {}) {
    return this.#post(`messages/${encodeURIComponent(messageId)}/edit/`, { prompt }, asking);
  }

  resume(streamUrl, { lastEventId = "" } = {}) {
    const { chatUrl, apiUrl } = this.#options;
    const url = resolve(streamUrl, chatUrl ?? apiUrl);
    this.#begin().listen(url, { isFree: true, lastEventId });
  }

  async cancel() {
    return this.isStreaming() ? this.#answer.cancel() : null;
  }

  close(manual = true) {
    if (manual) this.#answer?.end();
    else this.#answer?.drop();
  }

  isStreaming() {
    return this.#answer !== null && !this.#answer.isEnded;
  }

  get lastEventId() {
    return this.#answer?.lastEventId ?? "";
  }

  get streamUrl() {
    return this.#answer?.url ?? null;
  }

  #post(path, body, { idempotencyKey = randomKey(this.#environment) }) {
    const { chatUrl } = this.#options;
    check(typeof chatUrl === "string", "this needs the option chatUrl");
    return this.#begin().post(chatUrl.replace(/\/?$/, "/") + path, body, idempotencyKey);
  }

  #begin() {
    this.close();
    this.#answer = new Answer(this.#options, this.#environment);
    return this.#answer;
  }
}

/**
 * One answer, from the question to its end, over as many connections as that takes.
 *
 * `#line` is the connection of the moment, an EventSource or a fetch. What a line brings after it
 * was let go is ignored. A callback comes last, when the state is right: it may close the client or
 * ask the next question.
 */
class Answer {
  isEnded = false;
  url = null;
  lastEventId = "";
  #options;
  #environment;
  #line = null;
  #connect = null; // opens a line, and again after each loss
  #key = undefined; // of a question that is not stored yet
  #isFree = false; // asking again costs nothing, even without a position
  #isStarted = false;
  #isDown = false;
  #backOff;
  #watch;
  #posting = null;
  #settlePosting = null;
  #cancelling = null;
  #cancelBackOff = null;
  #onWake = (event) => this.#wake(event);

  constructor(options, environment) {
    this.#options = options;
    this.#environment = environment;
    this.#backOff = new BackOff(options, environment);
    this.#watch = new Watch(environment);
    for (const type of WAKING) environment.eventTarget?.addEventListener(type, this.#onWake);
  }

  /** Stores a question and listens; resolves when it is stored, has failed, or is given up. */
  post(url, body, key) {
    this.#posting = new Promise((resolve) => (this.#settlePosting = resolve));
    this.#key = key;
    this.#connect = () => this.#post(url, body);
    this.#connect();
    return this.#posting;
  }

  listen(url, { isFree, lastEventId = "" }) {
    this.url = url;
    this.lastEventId = lastEventId;
    this.#isFree = isFree;
    this.#connect = () => this.#open();
    this.#connect();
  }

  cancel() {
    this.#cancelling ??= this.#cancel().finally(() => (this.#cancelling = null));
    return this.#cancelling;
  }

  /** Lets the line go as if it had been lost. */
  drop() {
    if (this.#line) this.#lose();
  }

  /** Ends without a word. */
  end() {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#release();
    this.#backOff.stop();
    this.#cancelBackOff?.hurry();
    for (const type of WAKING) {
      this.#environment.eventTarget?.removeEventListener(type, this.#onWake);
    }
    this.#settlePosting?.(null);
  }

  // Asking

  async #post(url, body) {
    const line = this.#hold(abortable());
    const asking = { key: this.#key, signal: line.signal };
    const [posted, error] = await outcome(this.#exchange(url, body, asking));
    if (line !== this.#line) return;
    if (error) return isLoss(error) ? this.#lose({ error }) : this.#fail(error);
    if (!posted.stream) return this.#fail(invalidResponse());
    this.#onPosted(posted, url);
  }

  #onPosted(posted, url) {
    this.#release();
    this.#key = undefined;
    this.#backOff.reset();
    this.#settlePosting(posted);
    this.#sign();
    this.#tell("onPosted", posted);
    if (!this.isEnded) this.listen(resolve(posted.stream, url), { isFree: true });
  }

  async #cancel() {
    await this.#posting;
    if (this.isEnded) return null;
    if (!this.#isFree || !CHAT_STREAM.test(this.url)) {
      // Nobody can be told: the server will see a reader who does not come back.
      this.#finish({ status: "cancelled", reason: "user" });
      return null;
    }
    this.#cancelBackOff = new BackOff(this.#options, this.#environment);
    return this.#postCancel(this.url.replace(CHAT_STREAM, "$1cancel/"));
  }

  async #postCancel(url) {
    const [answer, error] = await outcome(this.#exchange(url, {}));
    if (answer) return answer.message;
    if (this.isEnded) return null;
    if (!isLoss(error) || this.#cancelBackOff.isSpent) throw error;
    await new Promise((resume) => this.#cancelBackOff.wait(resume));
    return this.isEnded ? null : this.#postCancel(url);
  }

  async #exchange(url, body, { key, signal } = {}) {
    const { csrfToken, withCredentials } = this.#options;
    const token = typeof csrfToken === "function" ? await csrfToken() : csrfToken;
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    if (token) headers["X-CSRFToken"] = token;
    if (key) headers["Idempotency-Key"] = key;
    const credentials = withCredentials ? "include" : "same-origin";
    const request = { method: "POST", headers, credentials, body: JSON.stringify(body), signal };
    return exchange(this.#environment, url, request);
  }

  // Listening

  #open() {
    const { withCredentials = false } = this.#options;
    let source;
    try {
      source = new this.#environment.EventSource(this.#address(), { withCredentials });
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#hold(source);
    source.addEventListener("error", () => this.#onError(source));
    this.#on(source, "start", (event) => this.#onStart(parsed(event.data)));
    this.#on(source, "message", (event) => this.#onWord("onMessage", event.data));
    this.#on(source, "reasoning", (event) => this.#onWord("onReasoning", event.data));
    this.#on(source, "progress", (event) => this.#onProgress(parsed(event.data, null)));
    this.#on(source, "heartbeat", () => this.#backOff.reset());
    this.#on(source, "done", (event) => this.#finish(parsed(event.data, { status: "complete" })));
    this.#on(source, "failed", (event) => this.#fail(failure(parsed(event.data))));
  }

  #address() {
    return withQuery(this.url, {
      last_event_id: this.lastEventId || undefined,
      details: this.#options.details ? 1 : undefined,
      progress: this.#options.progress ? 1 : undefined,
    });
  }

  #on(source, type, handle) {
    source.addEventListener(type, (event) => {
      if (source === this.#line) this.#sign();
      if (source !== this.#line) return;
      // Before the callback: text that was handed over once is never asked for again.
      this.lastEventId = event.lastEventId || this.lastEventId;
      handle(event);
    });
  }

  #onStart({ stream = "", heartbeat_interval: interval }) {
    const heartbeatInterval = interval > 0 ? interval : ASSUMED_HEARTBEAT;
    this.#watch.setHeartbeat(heartbeatInterval);
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#tell("onStart", { streamId: stream, heartbeatInterval });
  }

  #onProgress(figures) {
    if (figures) this.#onWord("onProgress", figures);
  }

  #onWord(callback, data) {
    this.#backOff.reset();
    this.#tell(callback, data);
  }

  #onError(source) {
    if (source !== this.#line) return;
    if (source.readyState === CLOSED && (this.#isFree || this.lastEventId)) this.#probe();
    else this.#lose();
  }

  /** Asks for the reason of a refusal, which EventSource keeps to itself. */
  async #probe() {
    const line = this.#hold(abortable());
    const { fetch } = this.#environment;
    const [response, error] = await outcome(
      fetch(this.#address(), {
        headers: { Accept: "text/event-stream" },
        credentials: this.#options.withCredentials ? "include" : "same-origin",
        cache: "no-store",
        signal: line.signal,
      }),
    );
    if (line !== this.#line) return;
    if (error || (response.ok && response.status !== 204)) return this.#lose();
    if (response.status === 204) return this.#finish({ status: "ended" });
    const refusal = await refusalOf(response);
    if (line !== this.#line) return;
    if (isFinal(refusal)) this.#fail(refusal);
    else this.#lose({ error: refusal });
  }

  // The line

  #hold(line) {
    this.#release();
    this.#line = line;
    this.#watch.start(() => this.#lose());
    return line;
  }

  #release() {
    this.#line?.close();
    this.#line = null;
    this.#watch.stop();
  }

  /** Notes that the line works. */
  #sign() {
    this.#watch.seen();
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#tell("onConnect");
  }

  #lose({ error, atOnce = false } = {}) {
    this.#release();
    if (this.#backOff.isSpent) {
      return this.#fail(connectionLost(this.#backOff.tries, error, this.#key));
    }
    this.#isDown = true;
    this.#backOff.wait(this.#connect, error?.retryAfter);
    this.#tell("onRetry", this.#backOff.tries);
    if (atOnce) this.#backOff.hurry();
  }

  #wake(event) {
    if (event.target?.visibilityState === "hidden") return;
    if (this.#backOff.isWaiting) this.#backOff.hurry();
    else if (this.#line && this.#watch.isStale) this.#lose({ atOnce: true });
  }

  // The end

  #finish(data) {
    this.end();
    this.#call("onComplete", data);
  }

  #fail(error) {
    this.end();
    this.#call("onError", error instanceof MindwaveError ? error : clientError(error));
  }

  #tell(name, ...values) {
    if (!this.isEnded) this.#call(name, ...values);
  }

  #call(name, ...values) {
    try {
      this.#options[name]?.(...values);
    } catch (error) {
      this.#environment.reportError(error);
    }
  }
}

/** Counts losses in a row, and waits before each new try. */
class BackOff {
  tries = 0;
  #options;
  #environment;
  #timer = null;
  #next = null;
  #notBefore = 0;

  constructor(options, environment) {
    this.#options = options;
    this.#environment = environment;
  }

  get isSpent() {
    return this.tries >= (this.#options.maxRetries ?? 3);
  }

  get isWaiting() {
    return this.#next !== null;
  }

  /** Calls `next` after the delay of the next try, and after the seconds the server asked for. */
  wait(next, retryAfter = 0) {
    const { setTimeout, now } = this.#environment;
    const asked = retryAfter * 1000;
    this.#next = next;
    this.#notBefore = asked ? now() + asked : -Infinity;
    this.tries += 1;
    const delay = Math.min(Math.max(this.#delay(), asked), LONGEST_TIMER);
    this.#timer = setTimeout(() => this.#go(), delay);
  }

  /** Waits no longer than the server asked for. */
  hurry() {
    if (this.isWaiting && this.#environment.now() >= this.#notBefore) this.#go();
  }

  reset() {
    this.tries = 0;
  }

  stop() {
    const { clearTimeout } = this.#environment;
    clearTimeout(this.#timer);
    this.#timer = this.#next = null;
  }

  #go() {
    const next = this.#next;
    this.stop();
    next();
  }

  #delay() {
    const { retryDelay = 1000, retryMultiplier = 2, jitter = 0 } = this.#options;
    const delay = retryDelay * retryMultiplier ** (this.tries - 1);
    return delay * (1 - jitter * this.#environment.random());
  }
}

/** Calls back when nothing has been seen for two heartbeats. */
class Watch {
  #environment;
  #limit = 2 * ASSUMED_HEARTBEAT * 1000; // milliseconds
  #timer = null;
  #onStale = null;
  #seenAt = 0;

  constructor(environment) {
    this.#environment = environment;
  }

  get isStale() {
    return this.#timer !== null && this.#silence >= this.#limit;
  }

  setHeartbeat(seconds) {
    this.#limit = 2 * seconds * 1000;
    if (this.#timer !== null) this.#arm();
  }

  start(onStale) {
    this.#onStale = onStale;
    this.seen();
    this.#arm();
  }

  seen() {
    this.#seenAt = this.#environment.now();
  }

  stop() {
    const { clearTimeout } = this.#environment;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  get #silence() {
    const now = this.#environment.now();
    this.#seenAt = Math.min(this.#seenAt, now); // a clock may be set back
    return now - this.#seenAt;
  }

  // One timer for many events: it looks at the clock when it fires, and waits for the rest.
  #arm() {
    const { setTimeout } = this.#environment;
    this.stop();
    const left = this.#limit - this.#silence;
    this.#timer = setTimeout(() => this.#check(), Math.min(left, LONGEST_TIMER));
  }

  #check() {
    if (this.isStale) this.#onStale();
    else this.#arm();
  }
}

// Requests

/** Gives the JSON object that the server answers, or throws a MindwaveError. */
async function exchange({ fetch }, url, request) {
  let response, text;
  try {
    response = await fetch(url, request);
    text = await response.text();
  } catch (cause) {
    throw new MindwaveError("The connection was lost.", { ...LOST, cause });
  }
  if (!response.ok) throw refusal(response, text);
  const answer = parsed(text, null);
  if (answer === null) throw invalidResponse(response.status);
  return answer;
}

async function refusalOf(response) {
  const [text = ""] = await outcome(response.text());
  return refusal(response, text);
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, close: () => controller.abort() };
}

/** Gives [value] or [undefined, error]. */
function outcome(promise) {
  return promise.then(
    (value) => [value],
    (error) => [undefined, error],
  );
}

// Errors

const LOST = { code: "connection_lost", retryable: true };

/** Proxies and Django itself refuse in HTML, our views in JSON. */
function refusal({ status, headers }, text) {
  const body = parsed(text);
  const asked = body.retry_after ?? Number.parseInt(headers?.get("Retry-After"), 10);
  return new MindwaveError(body.error ?? `The server answered with status ${status}.`, {
    code: body.code ?? "http_error",
    retryable: [429, 500, 502, 503, 504].includes(status) || body.code === "conversation_busy",
    retryAfter: asked >= 0 ? asked : undefined,
    status,
    fields: body.fields,
  });
}

function failure(data) {
  return new MindwaveError(data.message ?? "The answer failed.", {
    code: data.code,
    retryable: data.retryable,
    retryAfter: data.retry_after,
  });
}

function connectionLost(tries, cause, idempotencyKey) {
  const { status, retryAfter } = cause ?? {};
  const message = `Connection failed after ${tries} attempts`;
  return new MindwaveError(message, { ...LOST, status, retryAfter, idempotencyKey, cause });
}

function invalidResponse(status) {
  const message = "The server's answer could not be read.";
  return new MindwaveError(message, { code: "invalid_response", status });
}

function clientError(cause) {
  return new MindwaveError(cause?.message ?? String(cause), { code: "client_error", cause });
}

/** Whether a question may not have reached the server; a proxy may say so for it. */
function isLoss({ code, status }) {
  return code === LOST.code || (code === "http_error" && [502, 503, 504].includes(status));
}

/** Whether the same request would be refused again. */
function isFinal({ status }) {
  return (status < 500 && ![408, 425, 429].includes(status)) || status === 501;
}

// Small things

function surroundings() {
  return {
    EventSource: globalThis.EventSource,
    // Browsers refuse these as methods of another object.
    fetch: (...values) => globalThis.fetch(...values),
    setTimeout: (...values) => globalThis.setTimeout(...values),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    now: () => Date.now(),
    random: () => Math.random(),
    crypto: globalThis.crypto,
    eventTarget: typeof globalThis.addEventListener === "function" ? globalThis : null,
    reportError,
  };
}

function reportError(error) {
  if (typeof globalThis.reportError === "function") return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}

function check(isRight, problem) {
  if (!isRight) throw new TypeError(`MindwaveStreamingClient: ${problem}.`);
}

function withQuery(url, values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const address = url.replace(/#.*/, "");
  if (!query) return address;
  return address + (address.includes("?") ? "&" : "?") + query;
}

/** Gives a path of the server as an address that leads to the same server as `base`. */
function resolve(path, base) {
  return /^[a-z][a-z\d+.-]*:/i.test(base) ? new URL(path, base).href : path;
}

function parsed(text, fallback = {}) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : fallback;
  } catch {
    return fallback;
  }
}

/** Gives 32 random hexadecimal digits, also on pages without HTTPS, which have no randomUUID. */
function randomKey({ crypto, random }) {
  if (crypto?.randomUUID) return crypto.randomUUID();
  const bytes = new Uint8Array(16).map(() => random() * 256);
  crypto?.getRandomValues?.(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
