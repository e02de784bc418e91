// Every way in which a page can make its browser ask another site.
//
// A way takes an address, and in ways_to_change.js the fields of a form. It ends when the browser
// tells the page that it is done, or at once where pages are not told, and gives what could be read.

const TOLD = ["load", "error", "loadeddata", "close"];
const windows = []; // opened by a way, or framed

function told(target) {
  return new Promise((resolve) => {
    for (const type of TOLD) target.addEventListener(type, () => resolve());
  });
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function element(tag, properties) {
  const made = make(tag, properties);
  document.body.append(made);
  return made;
}

async function toldOf(tag, properties) {
  await told(element(tag, properties));
}

function rules(kind, address) {
  const rule = { source: "list", urls: [address], eagerness: "immediate" };
  element("script", { type: "speculationrules", textContent: JSON.stringify({ [kind]: [rule] }) });
}

function frame(properties) {
  windows.push(element("iframe", properties).contentWindow);
}

// A name makes the new window one that this page could look into.
function named(open) {
  const name = `window${windows.length}`;
  windows.push(window.open("about:blank", name));
  open(name);
}

function link(address, properties = {}) {
  element("a", { href: address, textContent: "Look!", ...properties }).click();
}

function redirect(address) {
  return `${elsewhere}/redirect?${encodeURIComponent(address)}`;
}

function form(address, fields, properties) {
  const made = make("form", { action: address, ...properties });
  for (const [name, value] of Object.entries(fields)) {
    made.append(make("input", { type: "hidden", name, value }));
  }
  return made;
}

function submit(...given) {
  const made = form(...given);
  document.body.append(made);
  made.submit();
}

// The query of a GET form is what its fields say.
function queryForm(address, properties) {
  const { origin, pathname, searchParams } = new URL(address);
  submit(origin + pathname, Object.fromEntries(searchParams), { method: "get", ...properties });
}

// A page without an origin, which sends `Origin: null`.
function sandbox(content) {
  const script = "<script>document.forms[0]?.submit()</script>";
  frame({ sandbox: "allow-scripts allow-forms", srcdoc: content + script });
}

async function read(address, options) {
  const response = await fetch(address, { credentials: "include", ...options });
  return response.text();
}

function request(method, address, headers = {}, body = null) {
  const sent = new XMLHttpRequest();
  sent.open(method, address);
  sent.withCredentials = true;
  for (const [name, value] of Object.entries(headers)) sent.setRequestHeader(name, value);
  sent.send(body);
  return told(sent).then(() => sent.responseText);
}

async function listen(address) {
  const source = new EventSource(address, { withCredentials: true });
  const heard = [];
  for (const name of ["message", "start", "done"]) {
    source.addEventListener(name, (event) => heard.push(event.data));
  }
  await told(source);
  source.close();
  return heard.join();
}

async function talk(address) {
  const socket = new WebSocket(address.replace("http", "ws"));
  let heard = "";
  socket.onmessage = (event) => (heard += event.data);
  await told(socket);
  return heard;
}

const SVG = "http://www.w3.org/2000/svg";

function drawing(address) {
  const image = document.createElementNS(SVG, "image");
  image.setAttribute("href", address);
  const svg = document.createElementNS(SVG, "svg");
  svg.append(image);
  document.body.append(svg);
  return told(image);
}

const QUIET = { referrerPolicy: "no-referrer" };
const WITH_COOKIES = { crossOrigin: "use-credentials" };

const GET = {
  image: (src) => toldOf("img", { src }),
  "image-quiet": (src) => toldOf("img", { ...QUIET, src }),
  "image-cors": (src) => toldOf("img", { ...WITH_COOKIES, src }),
  "image-redirected": (address) => toldOf("img", { src: redirect(address) }),
  "image-button": (src) => void element("input", { type: "image", src }),
  drawing,
  background: (address) => {
    element("div", { textContent: "Look!" }).style.backgroundImage = `url("${address}")`;
  },
  font: (address) => new FontFace("foreign", `url("${address}")`).load(),
  script: (src) => toldOf("script", { src }),
  module: (src) => toldOf("script", { type: "module", ...WITH_COOKIES, src }),
  import: (address) => import(address),
  stylesheet: (href) => toldOf("link", { rel: "stylesheet", href }),
  prefetch: (href) => void element("link", { rel: "prefetch", href }),
  preload: (href) => toldOf("link", { rel: "preload", as: "image", href }),
  prerender: (href) => void element("link", { rel: "prerender", href }),
  "rules-prefetch": (address) => rules("prefetch", address),
  "rules-prerender": (address) => rules("prerender", address),
  video: (src) => toldOf("video", { src, preload: "auto" }),
  audio: (src) => toldOf("audio", { src, preload: "auto" }),
  object: (data) => void element("object", { data }),
  embed: (src) => void element("embed", { src, type: "text/html" }),
  frame: (src) => frame({ src }),
  "frame-quiet": (src) => frame({ ...QUIET, src }),
  "frame-sandboxed": (src) => frame({ sandbox: "", src }),
  "frame-refreshed": (address) =>
    sandbox(`<meta http-equiv="refresh" content="0;url=${address.replaceAll("&", "&amp;")}">`),
  fetch: (address) => read(address),
  "fetch-opaque": (address) => read(address, { mode: "no-cors" }),
  "fetch-quiet": (address) => read(address, { mode: "no-cors", ...QUIET }),
  request: (address) => request("GET", address),
  "event-source": listen,
  "web-socket": talk,
  "new-window": (address) => named((name) => window.open(address, name)),
  "new-window-apart": (address) => void window.open(address, "_blank", "noopener,noreferrer"),
  "new-window-redirected": (address) => named((name) => window.open(redirect(address), name)),
  link: (address) => named((target) => link(address, { target })),
  form: (address) => named((target) => queryForm(address, { target })),
};
