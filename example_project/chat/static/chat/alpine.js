// @ts-check
import { MindwaveStreamingClient } from "../mindwave_django/client.js";
import Alpine from "./vendor/alpine-csp.js";

/** @param {string} apiEndpoint */
function chat(apiEndpoint) {
  // Not in the data: a proxy cannot reach private fields.
  /** @type {MindwaveStreamingClient | undefined} */
  let client;

  return {
    prompt: "",
    answer: "",
    error: "",
    state: "idle", // or "streaming", or "reconnecting"

    get status() {
      if (this.state === "reconnecting") return "Reconnecting…";
      return this.state === "streaming" && !this.answer ? "Thinking…" : "";
    },

    send() {
      const question = this.prompt.trim();
      if (!question || this.state !== "idle") return;
      this.answer = this.error = "";
      this.state = "streaming";
      client = new MindwaveStreamingClient({
        apiUrl: apiEndpoint,
        onMessage: (text) => (this.answer += text),
        onRetry: () => (this.state = "reconnecting"),
        onConnect: () => (this.state = "streaming"),
        onComplete: () => (this.state = "idle"),
        onError: ({ message }) => {
          this.state = "idle";
          this.error = message;
        },
      });
      client.stream(question);
    },

    stop() {
      client?.cancel();
    },

    destroy() {
      client?.close();
    },
  };
}

Alpine.data("chat", chat);
Alpine.start();
