// One conversation and the answer that is being written in it: what happens between a question and
// its end. The client below knows connections; this knows what a person has to see of them.

import { MindwaveStreamingClient } from "../client.js";
import { stoppedBecause } from "./answer.js";
import { describe } from "./errors.js";

export class Session {
  conversation = null;
  #host;
  #client;
  #answer = null; // the one being written
  #undo = null; // takes back what is shown of a question that is not stored yet
  #resend = null; // asks the same again, with the same idempotency key

  constructor(host, options) {
    this.#host = host;
    this.#client = new MindwaveStreamingClient({
      ...options,
      onPosted: (posted) => this.#posted(posted),
      onMessage: (text) => this.#message(text),
      onReasoning: (text) => this.#answer?.reason(text),
      onProgress: (figures) => options.progress && this.#answer?.measure(figures),
      onComplete: (done) => this.#complete(done),
      onError: (error) => this.#failed(error),
      onRetry: () => host.notices.reconnecting(true),
      onConnect: () => host.notices.reconnecting(false),
    });
  }

  get isRunning() {
    return this.#answer !== null;
  }

  /** Ask a question; `restore` gets its text back if the server refuses it. */
  ask(text, options, restore) {
    const { transcript } = this.#host;
    const question = transcript.addQuestion(text);
    const answer = transcript.addAnswer();
    const undo = () => {
      transcript.remove(question, answer);
      restore(text);
    };
    const send = (asking) => this.#client.send(text, { ...options, ...asking });
    transcript.jumpToEnd();
    this.#begin(answer, question, send, undo);
  }

  /** Ask for another answer in the place of the latest one. */
  regenerate(old) {
    const [answer, undo] = this.#host.transcript.replaceAnswer(old);
    const send = (asking) => this.#client.regenerate(old.id, asking);
    this.#begin(answer, null, send, undo);
  }

  /** Ask the latest question differently. */
  edit(question, text) {
    const { transcript } = this.#host;
    const before = question.text;
    const [answer, takeBack] = transcript.replaceAnswer(transcript.lastAnswer);
    question.text = text;
    const undo = () => {
      takeBack();
      question.text = before;
    };
    const id = question.id;
    this.#begin(answer, question, (asking) => this.#client.edit(id, text, asking), undo);
  }

  #begin(answer, question, send, undo) {
    this.#answer = answer.wait();
    this.#answer.question = question;
    this.#undo = undo;
    this.#resend = (asking) => {
      this.#answer = answer.goOn();
      this.#undo = undo;
      this.#host.setState("sending");
      send(asking);
    };
    this.#host.notices.clear();
    this.#host.setState("sending");
    send({});
  }

  #posted({ conversation, question, message }) {
    this.#undo = null;
    this.#answer.id = message.id;
    if (this.#answer.question) this.#answer.question.id = question.id;
    this.conversation = conversation;
    this.#host.opened(conversation);
    if (!this.#host.isStopping) this.#host.setState("streaming");
    this.#host.announce("started");
  }

  /** Follow an answer that the server is writing already. */
  resume(answer) {
    this.#answer = answer;
    this.#host.setState("streaming");
    this.#client.resume(answer.stream);
  }

  #message(text) {
    this.#answer.write(text);
    const { id } = this.#answer;
    this.#host.emit("mindwave:delta", { text, conversation: this.conversation?.id, message: id });
  }

  /** Stop the model; what arrived stays. */
  stop() {
    if (!this.isRunning || this.#host.isStopping) return;
    this.#host.setState("stopping");
    this.#answer.sayStopping();
    this.#host.announce("stopping");
    const answer = this.#answer;
    this.#client.cancel().catch(() => this.#answer === answer && this.#goesOnAnyway());
  }

  // The server did not hear it: the button stops again, and nobody is told a lie.
  #goesOnAnyway() {
    this.#answer.goOn();
    this.#host.setState("streaming");
    this.#host.notices.refuse({ text: this.#host.texts.notStopped, action: null });
  }

  #complete({ status, reason, usage, cost }) {
    const answer = this.#end();
    const ending =
      status === "cancelled" ? stoppedBecause(reason, this.#host.texts) : { state: "complete" };
    answer.end(ending.state, { ...ending, usage, cost });
    this.#host.announce(ending.state === "complete" ? "finished" : "wasStopped");
    this.#host.emit("mindwave:done", this.#detail(answer, { status, reason, text: answer.source }));
    this.#host.ended();
  }

  #failed(error) {
    const isStored = this.#undo === null;
    const undo = this.#undo;
    const answer = this.#end();
    if (error.code === "connection_lost") this.#lost(answer, error, isStored);
    else if (isStored) this.#brokeOff(answer, error);
    else this.#refused(error, undo);
    this.#host.emit(
      "mindwave:failed",
      this.#detail(answer, { code: error.code, error: error.message }),
    );
    this.#host.ended();
  }

  // Nobody knows how far the server came: the same question, or the same answer, goes on later.
  #lost(answer, error, isStored) {
    const { text, action } = describe(error, this.#host.texts);
    const { streamUrl, lastEventId } = this.#client;
    answer.pause(text, action);
    this.#host.announceText(text);
    const resend = this.#resend;
    answer.retry = isStored
      ? () => this.#goOn(answer, streamUrl, lastEventId)
      : () => resend({ idempotencyKey: error.idempotencyKey });
  }

  #goOn(answer, streamUrl, lastEventId) {
    this.#answer = answer.goOn();
    this.#host.setState("streaming");
    this.#client.resume(streamUrl, { lastEventId });
  }

  #brokeOff(answer, error) {
    const ending = describe(error, this.#host.texts);
    answer.end("failed", ending);
    this.#host.announceText(ending.text);
    if (error.retryAfter) this.#host.countDown(error.retryAfter);
  }

  #refused(error, undo) {
    undo();
    this.#host.refused(error);
  }

  #detail(answer, more) {
    return { conversation: this.conversation?.id, message: answer.id, ...more };
  }

  #end() {
    const answer = this.#answer;
    this.#answer = null;
    this.#undo = null;
    this.#host.notices.reconnecting(false);
    this.#host.notices.clear();
    this.#host.setState("idle");
    return answer;
  }

  /** Stop reading, silently; the server goes on. */
  close() {
    this.#client.close();
    this.#answer?.close();
    this.#answer = null;
    this.#undo = null;
  }
}
