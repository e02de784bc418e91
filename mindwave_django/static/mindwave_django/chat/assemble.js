// Builds the parts of the chat around what the server rendered, and puts them in their places.

import { ChatApi } from "./api.js";
import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { readConfig, tokenReader } from "./config.js";
import { Conversations } from "./conversations.js";
import { listenForCodeCopies } from "./copying.js";
import { Drawer } from "./drawer.js";
import { addStarters } from "./empty.js";
import { Header } from "./header.js";
import { listenForKeys } from "./keys.js";
import { Loader } from "./loader.js";
import { Notices } from "./notices.js";
import { Session } from "./session.js";
import { shadowOf } from "./shell.js";
import { Store } from "./store.js";
import { Transcript } from "./transcript.js";

/** Return the parts of a chat, by name; `view` is whom they tell. */
export function assemble(element, view) {
  const config = readConfig(element);
  const root = shadowOf(element, config.texts);
  const chat = root.querySelector("[part~=chat]");
  const pane = chat.querySelector(".pane");
  const form = pane.querySelector("form[part~=composer]");
  const csrfToken = tokenReader(element, form);
  const { texts, base } = config;
  const act = (action, subject) => view.act(action, subject);

  const fetch = (url, options) => element.fetch(url, options);
  const api = new ChatApi({ base, csrfToken, fetch });
  const store = new Store(`${base}:${location.pathname}`);
  const notices = new Notices({ texts, act });
  const composer = new Composer(form, composerOptions(texts, view));
  const header = new Header({ texts, act, ...config });
  const empty = pane.querySelector("[part~=empty]");
  const changed = (isEmpty) => chat.toggleAttribute("data-begun", !isEmpty);
  const transcript = new Transcript({ ...itemContext(config, view), changed }, empty);
  const session = new Session(view, {
    apiUrl: `${base}stream/`,
    chatUrl: base,
    csrfToken,
    details: config.showUsage,
    progress: config.showProgress,
  });
  const loader = new Loader({ api, store, host: view });
  const parts = { config, api, store, notices, composer, header, transcript, session, loader };

  arrange(pane, parts);
  addStarters(empty, config.starters, (text) => view.send(text) && view.focusField());
  if (config.hasList) Object.assign(parts, addList(chat, pane, parts, act));
  if (config.isBubble) parts.bubble = addBubble(root, chat, texts, view);
  listenForKeys(chat, {
    stop: () => view.stop(),
    isRunning: () => session.isRunning,
    copyLast: () => view.copyLast(),
  });
  listenForCodeCopies(chat, texts, (text) => view.announceText(text));
  chat.toggleAttribute("data-ready", true);
  return parts;
}

function composerOptions(texts, view) {
  return {
    texts,
    onSend: (text) => view.sendDraft(text),
    onStop: () => view.stop(),
    onDraft: (text) => view.saveDraft(text),
    onEditLast: () => view.editLast(),
    onTick: (seconds) => view.tick(seconds),
  };
}

// What a question and an answer need to know of the chat.
function itemContext({ texts, images, showUsage, language, maxLength }, view) {
  return {
    texts,
    images,
    showUsage,
    language,
    maxLength,
    act: (action, subject) => view.act(action, subject),
    emit: (name, detail) => view.emit(name, detail),
    announce: (text) => view.announceText(text),
    askAgain: (question, text) => view.askAgain(question, text),
    canAsk: () => view.state === "idle",
    focusField: () => view.focusField(),
  };
}

function arrange(pane, { header, notices, transcript, composer }) {
  const foot = pane.querySelector(".foot");
  pane.prepend(header.element, notices.line, transcript.element);
  foot.prepend(transcript.latest, notices.notice);
  pane.append(notices.announcer);
  composer.form.toggleAttribute("data-ready", true);
}

function addList(chat, pane, { api, config, header, store }, act) {
  const { texts } = config;
  const list = new Conversations({ api, texts, act });
  const onOpen = () => list.refresh();
  const drawer = new Drawer({
    chat,
    panel: list.element,
    pane,
    toggle: header.toggle,
    store,
    onOpen,
  });
  chat.prepend(list.element);
  chat.append(drawer.scrim);
  return { list, drawer };
}

function addBubble(root, chat, texts, view) {
  const onOpen = (isOpen) => view.panelChanged(isOpen);
  const bubble = new Bubble({
    content: chat,
    texts,
    mayClose: () => view.state === "idle",
    onOpen,
  });
  root.querySelector(".corner")?.remove();
  root.append(bubble.button, bubble.dialog);
  return bubble;
}
