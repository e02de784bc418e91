// Every name of client.d.ts in use; checked by tsc, never run.

import {
  type AskOptions,
  type CancelReason,
  type ChunkOptions,
  type Conversation,
  type DoneData,
  type Environment,
  type EventSourceLike,
  type Message,
  MindwaveError,
  type MindwaveErrorDetails,
  MindwaveStreamingClient,
  type Posted,
  type ProgressData,
  type ResumeOptions,
  type SendOptions,
  type StartData,
  type StreamingOptions,
  type Usage,
} from "../../mindwave_django/static/mindwave_django/client.js";

let output = "";

const smallest: StreamingOptions = {
  apiUrl: "/mindwave/stream/",
  onMessage: (text) => (output += text.toUpperCase()),
};

const whole: Required<StreamingOptions> = {
  ...smallest,
  chatUrl: "/mindwave/",
  maxRetries: 3,
  retryDelay: 1000,
  retryMultiplier: 2,
  jitter: 0.5,
  csrfToken: async () => "token",
  withCredentials: true,
  details: true,
  progress: true,
  onMessage: (text: string) => void (output += text),
  onComplete: (data: DoneData) => show(data.status, data.reason, data.finish_reason, data.cost),
  onError: (error: Error) => show(error.message),
  onRetry: (attempt: number) => show(attempt.toFixed()),
  onConnect: () => show(""),
  onStart: (start: StartData) => show(start.streamId, start.heartbeatInterval.toFixed()),
  onReasoning: (text: string) => show(text),
  onProgress: ({ tokens, tokens_per_second, elapsed, cost }: ProgressData) =>
    show(tokens.toFixed(), tokens_per_second?.toFixed(1), elapsed.toFixed(1), cost?.toFixed(4)),
  onPosted: (posted: Posted) => show(title(posted.conversation), posted.stream),
};

// The smaller client of the guide, by options.
const chunks: ChunkOptions = {
  apiUrl: "/mindwave/stream/",
  maxRetries: 5,
  retryDelay: 1000,
  onChunk: (text: string) => void (output += text),
  onComplete: () => show("done"),
  onError: (error: MindwaveError) => show(describe(error)),
};

function show(...texts: (string | null | undefined)[]): void {
  output = texts.filter((text) => text != null).join(" ");
}

function title(conversation: Conversation): string {
  return conversation.title || conversation.created_at || conversation.updated_at;
}

function describe(error: MindwaveError): string {
  const prompt: string[] | undefined = error.fields?.["prompt"];
  const wait: number | undefined = error.retryAfter;
  const status: number | undefined = error.status;
  const key: string | undefined = error.idempotencyKey;
  return [error.name, error.code, error.retryable, prompt, wait, status, key].join(" ");
}

function tokens({ input_tokens, output_tokens, source }: Usage): string {
  return `${input_tokens ?? "?"} + ${output_tokens ?? "?"} ${source}`;
}

function ending(message: Message): string {
  const reason: "" | CancelReason = message.reason;
  return message.error?.code ?? (message.usage ? tokens(message.usage) : reason);
}

class Source implements EventSourceLike {
  readyState = 0;
  constructor(readonly url: string) {}
  addEventListener(): void {}
  close(): void {}
}

const tests: Environment = {
  EventSource: Source,
  fetch,
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => 0,
  random: () => 0,
  crypto,
  eventTarget: window,
  reportError,
};
const browser: Environment = { EventSource, eventTarget: null };

const asking: AskOptions = { idempotencyKey: "key" };
const sending: SendOptions = {
  ...asking,
  conversation: null,
  driver: "signed",
  model: "m",
  temperature: 0.5,
  maxTokens: 100,
};
const resuming: ResumeOptions = { lastEventId: "s:5" };
const details: MindwaveErrorDetails = { code: "timeout", retryable: true, cause: new Error() };

export async function main(): Promise<void> {
  const client = new MindwaveStreamingClient(whole, tests);
  client.stream("Hi");
  const posted: Posted | null = await client.send("Hi", sending);
  if (posted === null) throw new MindwaveError("Not sent", details);
  await client.regenerate(posted.message.id, asking);
  await client.edit(posted.question.id, "Better", asking);
  const stopped: Message | null = await client.cancel();
  if (stopped) show(ending(stopped));
  if (client.streamUrl) client.resume(client.streamUrl, resuming);
  client.resume(posted.stream, { lastEventId: client.lastEventId });
  if (client.isStreaming()) client.close();
  client.close(false);
  new MindwaveStreamingClient(chunks, browser).stream("Hi");
}

// What must not compile.

// @ts-expect-error apiUrl is required
new MindwaveStreamingClient({ onMessage: show });
// @ts-expect-error onMessage is required
new MindwaveStreamingClient({ apiUrl: "/" });
// @ts-expect-error apiUrl is required
const withoutAddress: StreamingOptions = { onMessage: show };
// @ts-expect-error onMessage is required, and onChunk is a name of ChunkOptions
const withoutMessage: StreamingOptions = { apiUrl: "/", onChunk: show };
// @ts-expect-error there is no such option
new MindwaveStreamingClient({ ...smallest, retries: 3 });
// @ts-expect-error a prompt is a text
new MindwaveStreamingClient(smallest).stream(42);
// @ts-expect-error the position can only be read
new MindwaveStreamingClient(smallest).lastEventId = "s:5";

export { withoutAddress, withoutMessage };
