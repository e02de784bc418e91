// When the chat paints: once a frame, in hidden tabs too, and more rarely while painting is slow.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Painter } from "../../../mindwave_django/static/mindwave_django/chat/scheduler.js";

class Clock {
  time = 0;
  hidden = false;
  #due = [];

  now = () => this.time;
  timer = (callback, delay) => this.#add(callback, this.time + delay);
  frame = (callback) =>
    this.hidden ? this.#add(callback, Infinity) : this.#add(callback, this.#nextFrame());
  cancelFrame = (entry) => this.#remove(entry);
  cancelTimer = (entry) => this.#remove(entry);

  #nextFrame() {
    return (Math.floor(this.time / 16) + 1) * 16;
  }

  #add(callback, at) {
    const entry = { callback, at };
    this.#due.push(entry);
    return entry;
  }

  #remove(entry) {
    this.#due = this.#due.filter((other) => other !== entry);
  }

  advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.#due.toSorted((one, other) => one.at - other.at)[0];
      if (!next || next.at > end) break;
      this.#remove(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = Math.max(this.time, end);
  }
}

function painting(clock, cost = 0) {
  const times = [];
  const painter = new Painter(() => {
    times.push(clock.now());
    clock.time += cost;
  }, clock);
  return { painter, times };
}

test("many requests in one frame are one paint", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock);
  for (let count = 0; count < 100; count += 1) painter.request();
  assert.deepEqual(times, []);
  clock.advance(1000);
  assert.deepEqual(times, [16]);
});

test("each frame may paint again", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock);
  for (let frame = 0; frame < 3; frame += 1) {
    painter.request();
    clock.advance(16);
  }
  assert.deepEqual(times, [16, 32, 48]);
});

test("a hidden tab is painted without frames", () => {
  const clock = new Clock();
  clock.hidden = true;
  const { painter, times } = painting(clock);
  painter.request();
  clock.advance(1000);
  assert.deepEqual(times, [250]);
  painter.request();
  clock.advance(1000);
  assert.equal(times.length, 2);
});

test("a tab that hides after the request is painted too", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock);
  clock.hidden = true;
  painter.request();
  clock.hidden = false;
  clock.advance(300);
  assert.deepEqual(times, [250]);
});

test("after a slow paint the page has time for itself", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock, 100);
  painter.request();
  clock.advance(20);
  for (let count = 0; count < 40; count += 1) {
    painter.request();
    clock.advance(10);
  }
  const pauses = times.slice(1).map((time, index) => time - times[index]);
  assert.ok(pauses.length > 0);
  for (const pause of pauses) assert.ok(pause >= 300, String(pause));
});

test("quick paints follow each other at once", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock, 5);
  for (let count = 0; count < 10; count += 1) {
    painter.request();
    clock.advance(16);
  }
  assert.ok(times.length >= 9, String(times.length));
});

test("cancelled is cancelled, and may be asked again", () => {
  const clock = new Clock();
  const { painter, times } = painting(clock);
  painter.request();
  painter.cancel();
  clock.advance(1000);
  assert.deepEqual(times, []);
  painter.request();
  clock.advance(1000);
  assert.equal(times.length, 1);
});
