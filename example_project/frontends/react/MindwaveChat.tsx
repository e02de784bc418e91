import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";

import { MindwaveStreamingClient } from "mindwave_django/client.js";

type State = "idle" | "streaming" | "reconnecting";

/** Asks the stream at `apiEndpoint`, and holds what has come of its answer. */
export function useMindwaveStream(apiEndpoint: string) {
  const [answer, setAnswer] = useState("");
  const [error, setError] = useState("");
  const [state, setState] = useState<State>("idle");
  const client = useRef<MindwaveStreamingClient>(null);

  useEffect(() => () => client.current?.close(), []);

  function send(question: string) {
    setAnswer("");
    setError("");
    setState("streaming");
    client.current?.close();
    client.current = new MindwaveStreamingClient({
      apiUrl: apiEndpoint,
      onMessage: (text) => setAnswer((answer) => answer + text),
      onRetry: () => setState("reconnecting"),
      onConnect: () => setState("streaming"),
      onComplete: () => setState("idle"),
      onError: ({ message }) => {
        setState("idle");
        setError(message);
      },
    });
    client.current.stream(question);
  }

  const stop = () => client.current?.cancel();

  return { answer, error, state, send, stop };
}

export function MindwaveChat({ apiEndpoint }: { apiEndpoint: string }) {
  const { answer, error, state, send, stop } = useMindwaveStream(apiEndpoint);
  const [prompt, setPrompt] = useState("");
  const id = useId();
  const isIdle = state === "idle";

  function submit() {
    const question = prompt.trim();
    if (question && isIdle) send(question);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <>
      <div className="question">
        <label htmlFor={id}>Your question</label>
        <textarea
          id={id}
          rows={1}
          placeholder="How do I stream an answer?"
          value={prompt}
          onChange={(event) => setPrompt(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="button" onClick={isIdle ? submit : stop}>
          {isIdle ? "Send" : "Stop"}
        </button>
      </div>
      <div className="answer" aria-live="polite" aria-busy={!isIdle}>
        {answer}
      </div>
      <p className="status" role="status">
        {state === "reconnecting" && "Reconnecting…"}
        {state === "streaming" && !answer && "Thinking…"}
      </p>
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
