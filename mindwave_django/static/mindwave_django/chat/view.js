// The chat as a whole: carries out what its parts ask for. `assemble.js` builds them.

import { Actions } from "./actions.js";
import { assemble } from "./assemble.js";
import { focused } from "./dom.js";
import { describe } from "./errors.js";
import { fill } from "./texts.js";

export class ChatView {
  state = "idle";
  #element;
  #parts;
  #actions;
  #isStarted = false;
  #hasShown = false;
  #refusal = ""; // what a countdown is about

  constructor(element) {
    this.#element = element;
    this.#parts = assemble(element, this);
    this.#actions = new Actions(this, this.#parts);
  }

  get texts() {
    return this.#parts.config.texts;
  }

  get notices() {
    return this.#parts.notices;
  }

  get transcript() {
    return this.#parts.transcript;
  }

  get bubble() {
    return this.#parts.bubble;
  }

  get conversation() {
    return this.#parts.session.conversation;
  }

  /** The element stands in the page: open what was open before. A closed bubble does so later. */
  connect() {
    if (!this.bubble || this.bubble.isOpen) this.#start();
  }

  /** The panel of a bubble was opened or closed. */
  panelChanged(isOpen) {
    if (isOpen && !this.#isStarted) this.#start();
    if (isOpen) this.focusField();
  }

  #start() {
    this.#isStarted = true;
    this.#parts.loader.start(this.#element.getAttribute("conversation"));
  }

  disconnect() {
    this.#isStarted = false;
    this.leave();
  }

  // What a program or a key asks for.

  send(text) {
    const prompt = text.trim();
    const { session, composer, loader } = this.#parts;
    if (!prompt || session.isRunning || composer.secondsLeft) return false;
    // Where the question belongs is known once the conversation has come.
    if (loader.isLoading) loader.loading.then(() => this.send(text));
    else return this.#ask(prompt);
    return true;
  }

  #ask(prompt) {
    const { session, config } = this.#parts;
    if (!this.#mayStart(prompt)) return false;
    this.#isStarted = true;
    const conversation = this.conversation?.id ?? config.pinned;
    const options = { driver: config.driver, conversation };
    session.ask(prompt, options, (refused) => this.#restoreDraft(refused));
    return true;
  }

  /** Send what stands in the field; it leaves the field only if it may go. */
  sendDraft(text) {
    if (!this.send(text)) return;
    this.#parts.composer.text = "";
    this.saveDraft("");
  }

  #mayStart(prompt) {
    const detail = { prompt, conversation: this.conversation?.id ?? null };
    return this.emit("mindwave:start", detail, true);
  }

  #restoreDraft(text) {
    const { composer } = this.#parts;
    if (composer.text) return;
    composer.text = text;
    this.saveDraft(text);
  }

  stop() {
    this.#parts.session.stop();
  }

  openConversation(id) {
    return this.#parts.loader.open(id);
  }

  /** Open the editor of the latest question; returns whether there is one. */
  editLast() {
    const { lastQuestion } = this.transcript;
    if (!lastQuestion?.id || this.#parts.session.isRunning) return false;
    lastQuestion.edit();
    return true;
  }

  copyLast() {
    const source = this.transcript.lastAnswer?.source;
    if (!source) return false;
    this.#actions.copy(source);
    return true;
  }

  saveDraft(text) {
    this.#parts.store.setDraft(this.conversation?.id, text);
  }

  /** Carry out what a button says. */
  act(action, subject) {
    this.#actions.act(action, subject);
  }

  regenerate(answer) {
    const { session } = this.#parts;
    if (session.isRunning || answer !== this.transcript.lastAnswer || !answer.id) return;
    if (this.#mayStart(this.transcript.lastQuestion?.text ?? "")) session.regenerate(answer);
    this.focusField();
  }

  askAgain(question, text) {
    if (this.#parts.session.isRunning || !this.#mayStart(text)) return;
    this.#parts.session.edit(question, text);
  }

  // What the session tells.

  setState(state) {
    this.state = state;
    this.#element.setAttribute("state", state);
    this.#parts.composer.state = state;
  }

  get isStopping() {
    return this.state === "stopping";
  }

  opened(conversation) {
    const { composer, store } = this.#parts;
    store.setDraft(null, "");
    this.saveDraft(composer.text);
    this.name(conversation);
    this.#parts.list?.put(conversation);
  }

  /** Show how the open conversation is called. */
  name(conversation) {
    this.#parts.session.conversation = conversation;
    this.#parts.header.show(conversation);
    this.#parts.list?.show(conversation);
    if (!this.#parts.config.pinned) this.#parts.loader.remember(conversation?.id);
  }

  /** The server did not take the question; its text is in the field again. */
  refused(error) {
    const { text, action } = describe(error, this.texts);
    this.#refusal = text;
    this.notices.refuse({ text, action: error.retryAfter ? null : action });
    if (error.retryAfter) this.countDown(error.retryAfter);
  }

  countDown(seconds) {
    this.#parts.composer.countDown(seconds);
  }

  /** A second of a countdown is over. */
  tick(secondsLeft) {
    if (!this.#refusal) return;
    const wait = fill(this.texts.tryAgainIn, { seconds: secondsLeft });
    if (secondsLeft) this.notices.reword(`${this.#refusal} ${wait}`);
    else this.notices.clear();
    if (!secondsLeft) this.#refusal = "";
  }

  /** The answer is over: the field gets the focus back, if it was lost in the chat itself. */
  ended() {
    const button = this.#parts.composer.form.querySelector("button");
    if (focused() === button) this.focusField();
  }

  focusField() {
    // On a touch screen that would push a keyboard over the answer.
    if (!matchMedia("(pointer: coarse)").matches) this.#parts.composer.focus();
  }

  announce(key) {
    this.announceText(this.texts[key]);
  }

  announceText(text) {
    this.notices.announce(text);
  }

  /** Tell the page; returns false if a listener prevented it. */
  emit(name, detail, cancelable = false) {
    const event = new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true });
    return this.#element.dispatchEvent(event);
  }

  // What the loader tells.

  leave() {
    this.#parts.session.close();
    this.notices.reconnecting(false);
    this.setState("idle");
  }

  show(conversation, messages) {
    this.notices.clear();
    const running = this.transcript.show(messages);
    this.name(conversation);
    this.#showDraft(this.#parts.store.draft(conversation?.id));
    if (running) this.#parts.session.resume(running);
  }

  // What was typed before the script had loaded is a draft too.
  #showDraft(draft) {
    const { composer } = this.#parts;
    composer.text = draft || (this.#hasShown ? "" : composer.text);
    this.#hasShown = true;
  }

  refuseToOpen(text) {
    this.notices.refuse({ text, action: "reload" });
  }
}
