// The ways of ways.js by which a page sends something; then all of them at once.

function encoded(fields) {
  return new URLSearchParams(fields);
}

function multipart(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

function json(fields) {
  return { body: JSON.stringify(fields), headers: asJson(fields) };
}

function asJson({ csrfmiddlewaretoken }) {
  return { "Content-Type": "application/json", "X-CSRFToken": csrfmiddlewaretoken };
}

// What `enctype="text/plain"` sends as valid JSON.
function jsonFields(fields) {
  const start = JSON.stringify({ ...fields, rest: "" }).slice(0, -2);
  return { [start]: '"}' };
}

const POST = {
  form: (address, fields) =>
    named((target) => submit(address, fields, { method: "post", target })),
  "form-multipart": (address, fields) =>
    named((target) =>
      submit(address, fields, { method: "post", enctype: "multipart/form-data", target }),
    ),
  "form-text": (address, fields) =>
    named((target) =>
      submit(address, jsonFields(fields), { method: "post", enctype: "text/plain", target }),
    ),
  "form-redirected": (address, fields) =>
    named((target) => submit(redirect(address), fields, { method: "post", target })),
  "form-sandboxed": (address, fields) =>
    sandbox(form(address, fields, { method: "post" }).outerHTML),
  "fetch-form": (address, fields) =>
    read(address, { method: "POST", mode: "no-cors", body: encoded(fields) }),
  "fetch-quiet": (address, fields) =>
    read(address, { method: "POST", mode: "no-cors", body: encoded(fields), ...QUIET }),
  "fetch-multipart": (address, fields) =>
    read(address, { method: "POST", mode: "no-cors", body: multipart(fields) }),
  "fetch-text": (address, fields) =>
    read(address, { method: "POST", mode: "no-cors", body: JSON.stringify(fields) }),
  "fetch-alive": (address, fields) =>
    read(address, { method: "POST", mode: "no-cors", keepalive: true, body: encoded(fields) }),
  "fetch-cors": (address, fields) => read(address, { method: "POST", body: encoded(fields) }),
  "fetch-json": (address, fields) => read(address, { method: "POST", ...json(fields) }),
  request: (address, fields) => request("POST", address, asJson(fields), JSON.stringify(fields)),
  beacon: (address, fields) => void navigator.sendBeacon(address, encoded(fields)),
  "beacon-text": (address, fields) => void navigator.sendBeacon(address, JSON.stringify(fields)),
  ping: (address) => link("#", { ping: address }),
};

const PATCH = {
  "fetch-json": (address, fields) => read(address, { method: "PATCH", ...json(fields) }),
  request: (address, fields) => request("PATCH", address, asJson(fields), JSON.stringify(fields)),
};

const DELETE = {
  fetch: (address) => read(address, { method: "DELETE" }),
  request: (address) => request("DELETE", address),
};

const WAYS = { GET, POST, PATCH, DELETE };

function lookInto(opened) {
  try {
    return opened.document.body?.textContent ?? "";
  } catch {
    return ""; // it belongs to another origin
  }
}

/** Goes all ways at once; gives their names, and what each could read. */
window.goAllWays = async (method, address, fields) => {
  const token = /csrftoken=(\w+)/.exec(document.cookie)?.[1] ?? "a".repeat(32);
  const sent = { ...fields, csrfmiddlewaretoken: token };
  const going = Object.entries(WAYS[method]).map(async ([name, go]) => {
    const query = `${address.includes("?") ? "&" : "?"}way=${method}-${name}`;
    try {
      return [name, (await go(address + query, sent)) ?? ""];
    } catch {
      return [name, ""]; // refused to the page
    }
  });
  return Object.fromEntries(await Promise.all(going));
};

/** Gives what can be read in windows and frames, and closes them. */
window.lookAround = () => {
  const texts = windows.filter(Boolean).map(lookInto);
  for (const opened of windows.splice(0)) opened?.close();
  document.body.replaceChildren();
  return texts.filter(Boolean);
};
