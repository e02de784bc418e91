// @ts-check
import { MindwaveStreamingClient } from "../mindwave_django/client.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("chat"));
const prompt = /** @type {HTMLInputElement} */ (document.getElementById("prompt"));
const button = /** @type {HTMLElement} */ (document.getElementById("button"));
const answer = /** @type {HTMLElement} */ (document.getElementById("answer"));
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const error = /** @type {HTMLElement} */ (document.getElementById("error"));

const client = new MindwaveStreamingClient({
  apiUrl: form.dataset.apiEndpoint ?? "",
  onMessage(text) {
    answer.append(text);
    show();
  },
  onRetry: () => show("Reconnecting…"),
  onConnect: () => show(),
  onComplete: () => show(),
  onError({ message }) {
    show();
    error.textContent = message;
    error.hidden = false;
  },
});

function show(note = client.isStreaming() && !answer.textContent ? "Thinking…" : "") {
  status.textContent = note;
  button.textContent = client.isStreaming() ? "Stop" : "Send";
  answer.setAttribute("aria-busy", String(client.isStreaming()));
}

function send() {
  const question = prompt.value.trim();
  if (!question || client.isStreaming()) return;
  answer.textContent = "";
  error.hidden = true;
  client.stream(question);
  show();
}

const stop = () => client.cancel();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
button.addEventListener("click", () => (client.isStreaming() ? stop() : send()));
window.addEventListener("pagehide", stop);
