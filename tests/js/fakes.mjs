// What the client takes from its surroundings, under the hand of a test.

import { MindwaveStreamingClient } from "../../mindwave_django/static/mindwave_django/client.js";

/** A clock that stands still until it is told to go on. */
export class FakeClock {
  time = 1_000_000;
  #timers = new Map();
  #handles = 0;

  setTimeout = (callback, milliseconds) => {
    this.#timers.set(++this.#handles, { callback, at: this.time + milliseconds });
    return this.#handles;
  };

  clearTimeout = (handle) => {
    this.#timers.delete(handle);
  };

  now = () => this.time;

  get pending() {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or null. */
  get nextIn() {
    const times = [...this.#timers.values()].map(({ at }) => at - this.time);
    return times.length ? Math.min(...times) : null;
  }

  /** Lets time pass; every timer fires at its time. */
  advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      if (!due.length) break;
      const [handle, { callback, at }] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(handle);
      this.time = at;
      callback();
    }
    this.time = end;
  }

  /** Lets time pass while no timer runs, as in a tab that the browser has frozen. */
  freeze(milliseconds) {
    this.time += milliseconds;
  }
}

export class FakeEventSource {
  static all = [];
  readyState = 0;
  #listeners = [];

  constructor(url, { withCredentials }) {
    if (url.includes("[")) throw new SyntaxError(`Cannot open an EventSource to '${url}'.`);
    this.url = url;
    this.withCredentials = withCredentials;
    FakeEventSource.all.push(this);
  }

  addEventListener(type, listener) {
    this.#listeners.push({ type, listener });
  }

  close() {
    this.readyState = 2;
  }

  get isOpen() {
    return this.readyState !== 2;
  }

  /** Delivers an event, also to a source that was closed: a client must not rely on silence. */
  emit(type, data, lastEventId = "") {
    const text = typeof data === "object" ? JSON.stringify(data) : data;
    const event = { type, data: text, lastEventId };
    for (const known of this.#listeners) if (known.type === type) known.listener(event);
  }

  start(id = "s:0", interval = 15) {
    this.emit("start", { stream: id.split(":")[0], heartbeat_interval: interval }, id);
  }

  /** Loses the line; the browser would try again by itself. */
  lose() {
    if (this.isOpen) this.readyState = 0;
    this.emit("error");
  }

  /** The server refused; the browser gives up. */
  refuse() {
    this.readyState = 2;
    this.emit("error");
  }
}

/** Collects requests, which the test answers. */
export class FakeFetch {
  requests = [];

  fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const request = { url, init, isAborted: false };
      request.reject = () => reject(new TypeError("Failed to fetch"));
      request.respond = (status, body, headers) => resolve(response(status, body, headers));
      init.signal?.addEventListener("abort", () => {
        request.isAborted = true;
        reject(init.signal.reason);
      });
      this.requests.push(request);
    });

  get last() {
    return this.requests.at(-1);
  }
}

function response(status, body, headers) {
  const text = typeof body === "object" && body !== null ? JSON.stringify(body) : body;
  return new Response(status === 204 ? null : text, { status, headers });
}

/** An event target that knows how many listeners it has. */
class FakeTarget extends EventTarget {
  visibilityState = "visible";
  listeners = 0;

  addEventListener(...values) {
    this.listeners += 1;
    super.addEventListener(...values);
  }

  removeEventListener(...values) {
    this.listeners -= 1;
    super.removeEventListener(...values);
  }

  tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

/** Lets everything go on that waits for nothing but its turn. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

const CALLBACKS = ["onMessage", "onComplete", "onError", "onRetry", "onConnect", "onStart"];
CALLBACKS.push("onReasoning", "onProgress", "onPosted");

/** A client in a fake world, and `calls`: what it called back, in order. */
export function world(options = {}, environment = {}) {
  FakeEventSource.all = [];
  const clock = new FakeClock();
  const network = new FakeFetch();
  const eventTarget = new FakeTarget();
  const calls = [];
  const thrown = [];
  const given = { apiUrl: "/api/stream", chatUrl: "/mindwave/" };
  for (const name of CALLBACKS) {
    given[name] = (...values) => {
      calls.push([name, ...values]);
      options[name]?.(...values);
    };
  }
  const client = new MindwaveStreamingClient(
    { ...options, ...given, ...pick(options, "apiUrl", "chatUrl") },
    defined({
      EventSource: FakeEventSource,
      fetch: network.fetch,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      now: clock.now,
      eventTarget,
      reportError: (error) => thrown.push(error),
      ...environment,
    }),
  );
  return {
    client,
    clock,
    network,
    eventTarget,
    calls,
    thrown,
    named: (name) => calls.filter(([called]) => called === name).map(([, value]) => value),
    get sources() {
      return FakeEventSource.all;
    },
    get source() {
      return FakeEventSource.all.at(-1);
    },
    /** What is still going on: nothing, after every ending. */
    get leftOver() {
      return {
        timers: clock.pending,
        sources: FakeEventSource.all.filter((source) => source.isOpen).length,
        listeners: eventTarget.listeners,
        streaming: client.isStreaming(),
      };
    },
  };
}

export const NOTHING = { timers: 0, sources: 0, listeners: 0, streaming: false };

function pick(object, ...names) {
  return Object.fromEntries(names.filter((name) => name in object).map((n) => [n, object[n]]));
}

function defined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export const STREAM = "/mindwave/messages/m1/stream/";

export const POSTED = {
  conversation: { id: "c1", title: "" },
  question: { id: "q1", role: "user" },
  message: { id: "m1", role: "assistant", state: "pending" },
  stream: STREAM,
};

/** Answers the latest request with 201, and waits for the stream to be opened. */
export async function accept({ network }, posted = POSTED) {
  network.last.respond(201, posted);
  await settled();
}
