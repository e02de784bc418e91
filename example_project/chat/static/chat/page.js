// A chat on a bare EventSource: the browser reconnects by itself and says how far it has read.

const form = document.getElementById("form");
const prompt = document.getElementById("prompt");
const send = document.getElementById("send");
const output = document.getElementById("output");
const status = document.getElementById("status");
const error = document.getElementById("error");
let source = null;

function finish() {
  source?.close();
  source = null;
  send.disabled = false;
  send.textContent = "Send";
  output.removeAttribute("aria-busy");
  status.textContent = "";
}

function fail(text) {
  finish();
  error.textContent = text;
  error.hidden = false;
}

function clear() {
  finish();
  output.textContent = "";
  error.textContent = "";
  error.hidden = true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = prompt.value.trim();
  if (!question || source) return;
  clear();
  send.disabled = true;
  send.textContent = "Streaming…";
  output.setAttribute("aria-busy", "true");

  source = new EventSource(`${form.dataset.url}?prompt=${encodeURIComponent(question)}`);
  source.addEventListener("open", () => (status.textContent = ""));
  source.addEventListener("message", (event) => output.append(event.data));
  source.addEventListener("done", finish);
  source.addEventListener("failed", (event) => fail(JSON.parse(event.data).message));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CONNECTING) status.textContent = "Reconnecting…";
    else if (output.textContent) fail("The connection is lost. What arrived is kept.");
    else fail("The server refused this question.");
  });
});

window.addEventListener("pagehide", finish);
