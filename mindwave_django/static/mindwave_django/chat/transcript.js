// The dialogue: questions and answers in their order, and what stands there before the first one.

import { Answer } from "./answer.js";
import { focused, h } from "./dom.js";
import { Follow } from "./follow.js";
import { icon } from "./icons.js";
import { Question } from "./question.js";

export class Transcript {
  element;
  latest;
  #context;
  #items = [];
  #list = h("div", { class: "messages", part: "messages" });
  #earlier;
  #empty;
  #follow;

  constructor(context, empty) {
    this.#context = context;
    this.#empty = empty;
    const { texts } = context;
    const onEarlier = () => context.act("earlier");
    const earlier = {
      type: "button",
      class: "button earlier",
      part: "earlier-button",
      hidden: true,
    };
    this.#earlier = h("button", { ...earlier, onclick: onEarlier }, texts.earlier);
    this.element = h(
      "div",
      {
        class: "scroller",
        part: "transcript",
        role: "log",
        "aria-live": "off",
        tabindex: "0",
        "aria-label": texts.transcript,
      },
      h("div", { class: "column" }, this.#earlier, this.#empty, this.#list),
    );
    const latest = { type: "button", class: "latest", part: "latest-button", hidden: true };
    this.latest = h(
      "button",
      { ...latest, onclick: () => this.#jump() },
      icon("down"),
      h("span", {}, texts.latest),
    );
    this.#follow = new Follow(this.element, (isFollowing) => this.#followed(isFollowing));
  }

  #jump() {
    this.#follow.jump();
    this.element.focus({ preventScroll: true });
  }

  #followed(isFollowing) {
    this.latest.hidden = isFollowing;
  }

  get isEmpty() {
    return this.#items.length === 0;
  }

  get lastAnswer() {
    return this.#last(Answer);
  }

  get lastQuestion() {
    return this.#last(Question);
  }

  #last(kind) {
    return this.#items.findLast((item) => item instanceof kind) ?? null;
  }

  addQuestion(text) {
    return this.#add(new Question(this.#context, text));
  }

  addAnswer() {
    return this.#add(new Answer(this.#context));
  }

  #add(item) {
    this.#items.push(item);
    this.#list.append(item.element);
    this.#refresh();
    return item;
  }

  /** Put a fresh answer in the place of an old one; returns a function that undoes it. */
  replaceAnswer(old) {
    const fresh = new Answer(this.#context);
    this.#swap(old, fresh);
    return [fresh, () => this.#swap(fresh, old)];
  }

  #swap(from, to) {
    this.#items[this.#items.indexOf(from)] = to;
    from.element.replaceWith(to.element);
    this.#refresh();
  }

  remove(...items) {
    this.#items = this.#items.filter((item) => !items.includes(item));
    for (const item of items) item.element.remove();
    this.#refresh();
  }

  clear() {
    for (const item of this.#items) item.close?.();
    this.remove(...this.#items);
  }

  /** Show stored messages; returns the answer that is still being written, if there is one. */
  show(messages) {
    this.clear();
    this.#items = messages.map((message) => this.#itemFor(message));
    this.#list.append(...this.#items.map((item) => item.element));
    messages.forEach((message, index) => fillIn(this.#items[index], message));
    this.#refresh();
    this.jumpToEnd();
    return this.#items.at(-1)?.isRunning ? this.#items.at(-1) : null;
  }

  /** Put older messages above, without moving what is on screen. */
  showEarlier(messages, areMore) {
    const first = this.#list.firstElementChild;
    const items = messages.map((message) => this.#itemFor(message));
    this.#items.unshift(...items);
    this.#follow.keep(first, () => {
      this.#list.prepend(...items.map((item) => item.element));
      messages.forEach((message, index) => fillIn(items[index], message));
      this.setEarlier(areMore);
    });
    this.#refresh();
  }

  setEarlier(exists) {
    const hadFocus = focused() === this.#earlier;
    this.#earlier.hidden = !exists;
    if (hadFocus && !exists) this.element.focus({ preventScroll: true });
  }

  #itemFor({ role, content }) {
    return role === "user" ? new Question(this.#context, content) : new Answer(this.#context);
  }

  jumpToEnd() {
    this.#follow.jump();
  }

  #refresh() {
    const [question, answer] = [this.lastQuestion, this.lastAnswer];
    for (const item of this.#items) item.isLatest = item === question || item === answer;
    this.#empty.hidden = !this.isEmpty;
    this.#context.changed(this.isEmpty);
  }
}

// Only once it stands in the page: listeners to `mindwave:code` look at where the code stands.
function fillIn(item, message) {
  item.id = message.id;
  if (message.role === "user") return;
  if (message.stream) Object.assign(item.wait(), { stream: message.stream, isRunning: true });
  else item.show(message);
}
