/** A stream or a chat that is read by `MindwaveStreamingClient`. `apiUrl` and `onMessage` are required. */
export interface StreamingOptions {
  /** Address of a direct stream, for `stream(prompt)`. */
  apiUrl: string;
  /** Where the chat lives, e.g. "/mindwave/": for `send`, `regenerate` and `edit`. */
  chatUrl?: string;
  /** Lost connections in a row that are tried again. Default 3. */
  maxRetries?: number;
  /** Milliseconds before the first retry. Default 1000. */
  retryDelay?: number;
  /** Each further delay is this many times longer. Default 2. */
  retryMultiplier?: number;
  /** Shortens each delay at random by up to this share of it, from 0 to 1. Default 0. */
  jitter?: number;
  /** Django's CSRF token, or a function that gives it. */
  csrfToken?: string | (() => string | Promise<string>);
  /** Sends cookies to another origin too. Default false. */
  withCredentials?: boolean;
  /** Asks for `finish_reason`, `usage` and `cost` in `onComplete`. Default false. */
  details?: boolean;
  /** Asks for figures while the answer comes, for `onProgress`. Default false. */
  progress?: boolean;

  /** The next piece of text. */
  onMessage: (text: string) => void;
  /** The answer is over: complete, or stopped. */
  onComplete?: (data: DoneData) => void;
  /** The answer is over: it failed, was refused, or the connection is lost for good. */
  onError?: (error: MindwaveError) => void;
  /** The connection is lost; try number `attempt`, counted from 1, is next. */
  onRetry?: (attempt: number) => void;
  /** The connection works again after `onRetry`. */
  onConnect?: () => void;
  /** The first event of an answer: once, not again after a reconnection. */
  onStart?: (start: StartData) => void;
  /** The next piece of what the model thinks. */
  onReasoning?: (text: string) => void;
  /** How far the answer is: about twice a second from its first token on, and at its end. */
  onProgress?: (progress: ProgressData) => void;
  /** A question has been stored, and its answer will be streamed. */
  onPosted?: (posted: Posted) => void;
}

/** The same with `onChunk` as the name of `onMessage`. */
export type ChunkOptions = Omit<StreamingOptions, "onMessage"> & {
  onChunk: (text: string) => void;
};

export interface StartData {
  streamId: string;
  /** Seconds. */
  heartbeatInterval: number;
}

/** With the option `progress`. null is unknown. */
export interface ProgressData {
  tokens: number;
  /** Of text, since the first of it. */
  tokens_per_second: number | null;
  /** Seconds since the model was asked. */
  elapsed: number;
  /** An estimate, until the end. */
  cost: number | null;
}

export type CancelReason = "user" | "no_reader" | "shutdown";

export interface DoneData {
  /** "ended": only after `resume` from the very end, where nothing says how the answer ended. */
  status: "complete" | "cancelled" | "ended";
  reason?: CancelReason;
  /** With the option `details`. */
  finish_reason?: string;
  usage?: Usage | null;
  cost?: string | null;
}

export interface Usage {
  input_tokens: number | null;
  output_tokens: number | null;
  cached_input_tokens: number | null;
  reasoning_tokens: number | null;
  source: "reported" | "tokenizer" | "estimated";
}

export interface Conversation {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  state: "pending" | "streaming" | "complete" | "cancelled" | "failed" | "interrupted";
  content: string;
  reasoning: string;
  created_at: string;
  /** The question that an answer belongs to. */
  reply_to: string | null;
  model: string;
  finish_reason: string;
  error: { code: string; message: string; retryable: boolean } | null;
  reason: "" | CancelReason;
  usage: Usage | null;
  cost: string | null;
  started_at: string | null;
  first_token_at: string | null;
  ended_at: string | null;
  /** The path of its stream while it is pending or streaming. */
  stream: string | null;
}

/** What the server says to a new question. */
export interface Posted {
  conversation: Conversation;
  question: Message;
  /** The answer, still pending. */
  message: Message;
  /** The path of its stream. */
  stream: string;
}

export interface AskOptions {
  /** Questions with the same key are stored once. Default: a new random one. */
  idempotencyKey?: string;
}

export interface SendOptions extends AskOptions {
  conversation?: string | null;
  /** The signed value of the widget's driver attribute. */
  driver?: string;
  model?: string;
  temperature?: number;
  maxTokens?: number;
}

export interface ResumeOptions {
  /** Text after this position follows; without it, the whole answer does. */
  lastEventId?: string;
}

export interface MindwaveErrorDetails {
  code?: string;
  retryable?: boolean;
  retryAfter?: number;
  status?: number;
  fields?: Record<string, string[]>;
  idempotencyKey?: string;
  cause?: unknown;
}

/** Why an answer failed, was refused, or was lost. */
export class MindwaveError extends Error {
  constructor(message: string, details?: MindwaveErrorDetails);
  readonly name: "MindwaveError";
  /** The server's code, or "connection_lost", "http_error", "invalid_response", "client_error". */
  readonly code: string;
  /** The same may work later. */
  readonly retryable: boolean;
  /** Seconds to wait, if the server said so. */
  readonly retryAfter: number | undefined;
  /** The HTTP status of a refusal. */
  readonly status: number | undefined;
  /** What is wrong with which field of the request. */
  readonly fields: Record<string, string[]> | undefined;
  /** Of a question that got lost: send it again with this key, and it cannot be stored twice. */
  readonly idempotencyKey: string | undefined;
}

export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: any) => void): void;
  close(): void;
}

/** What the client takes from its surroundings. Meant for tests and polyfills. */
export interface Environment {
  EventSource?: new (url: string, init?: { withCredentials?: boolean }) => EventSourceLike;
  fetch?: (url: string, init?: RequestInit) => Promise<Response>;
  setTimeout?: (callback: () => void, milliseconds: number) => unknown;
  clearTimeout?: (timer: any) => void;
  /** Milliseconds since whenever. */
  now?: () => number;
  /** From 0 up to, not including, 1. */
  random?: () => number;
  crypto?: { randomUUID?(): string; getRandomValues?(bytes: Uint8Array): unknown };
  /** Where `online`, `visibilitychange` and `pageshow` are heard; null for nowhere. */
  eventTarget?: {
    addEventListener(type: string, listener: (event: any) => void): void;
    removeEventListener(type: string, listener: (event: any) => void): void;
  } | null;
  /** Takes what callbacks throw. */
  reportError?: (error: unknown) => void;
}

/** Reads one answer at a time, and goes on where it was after a lost connection. */
export class MindwaveStreamingClient {
  constructor(options: StreamingOptions | ChunkOptions, environment?: Environment);

  /** Asks the direct stream at `apiUrl`. */
  stream(prompt: string): void;
  /** Stores a question and streams its answer. Gives null if that failed: `onError` knows why. */
  send(prompt: string, options?: SendOptions): Promise<Posted | null>;
  /** Asks for another answer in the place of the latest one. */
  regenerate(messageId: string, options?: AskOptions): Promise<Posted | null>;
  /** Puts another question in the place of the latest one. */
  edit(messageId: string, prompt: string, options?: AskOptions): Promise<Posted | null>;
  /** Streams an answer that the server has already: running or finished. */
  resume(streamUrl: string, options?: ResumeOptions): void;
  /** Stops the model. The answer then ends with `onComplete`. Gives null if there was nothing to stop. */
  cancel(): Promise<Message | null>;
  /** Stops reading, silently. With `false`: drops the connection, as if it had been lost. */
  close(manual?: boolean): void;
  /** True from the question to the end of the answer, also between two tries. */
  isStreaming(): boolean;

  /** Position of the current or latest answer: what `resume` takes. "" before the first event. */
  readonly lastEventId: string;
  /** Address of the current or latest answer's stream. */
  readonly streamUrl: string | null;
}
