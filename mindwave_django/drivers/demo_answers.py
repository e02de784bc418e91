"""What the demo driver knows."""

from __future__ import annotations

import re

HELLO = """\
Hello. I am the **demo driver** of `mindwave_django`: I run offline, need no key, and know a few \
things about the product I come with.

Ask me, for example:

- How do I stream an answer from my own view?
- How do I connect OpenAI, or a model on my own machine?
- What happens when the connection breaks?
- How do I save answers?
"""

VIEW = """\
Two lines of a view are enough:

```python
from mindwave_django import stream

async def chat(request):
    return stream(request.GET["prompt"]).response(request)
```

The answer travels as **Server-Sent Events**, one `message` event for each piece of text, then \
`done`. Watch it with `curl -N`, or read it in a page with three lines of JavaScript:

```js
const source = new EventSource("/chat?prompt=Hello");
source.addEventListener("message", (event) => output.append(event.data));
source.addEventListener("done", () => source.close());
```

It works the same under ASGI and WSGI.
"""

OPENAI = """\
Name the driver in your settings:

```python
MINDWAVE = {
    "DRIVERS": {
        "default": {
            "BACKEND": "mindwave_django.drivers.openai.OpenAIDriver",
            "OPTIONS": {"api_key": os.environ["OPENAI_API_KEY"], "model": "gpt-4.1-mini"},
        },
    },
}
```

| You want | Set |
|---|---|
| OpenAI | `api_key` |
| a server that speaks the same API | `base_url` as well |
| several models side by side | one alias each, chosen by `stream(prompt, driver="…")` |

A typo among the options is a system-check error that names the place.
"""

RESUME = """\
A stream is *a text that grows*, and a reader is *a position in it*. So a lost connection costs \
nothing:

1. Every piece of text carries its position as the event's id.
2. The browser comes back by itself and says in `Last-Event-ID` how far it had read.
3. The answer goes on right there. **The model is not asked twice**, and nobody pays twice.

If nobody comes back within `RECONNECT_GRACE` seconds, the call to the model is ended.
"""

SAVE = """\
Every answer ends with exactly one signal, whether it was completed, failed or cancelled:

```python
from django.dispatch import receiver
from mindwave_django.signals import stream_completed

@receiver(stream_completed)
def save(sender, event, **kwargs):
    ChatMessage.objects.create(
        user=event.user, prompt=event.prompt, answer=event.text
    )
```

`event` also carries the usage, the timing and the `context` you gave to `stream(…)`.
"""

OTHER = """\
I am only a demo, so I cannot answer that. A model can: name one in `MINDWAVE["DRIVERS"]` and the \
same page will stream its answer.

What I can tell you:

- **Streaming**: how two lines of a view send an answer token by token
- **OpenAI**: how to connect it, or any compatible server
- **Resuming**: what happens when the connection breaks
- **Saving**: how answers get into your own models
"""

# The first pattern found in the prompt decides.
ANSWERS = (
    (r"\b(sav|stor|model class|signal|receiver|database|chatmessage)", SAVE),
    (r"\b(resum|reconnect|connection|lost|break|broke|offline|twice)", RESUME),
    (r"\b(openai|api.?key|provider|driver|connect|ollama|vllm|base_url|settings?)\b", OPENAI),
    (r"\b(view|stream|sse|server-sent|curl|eventsource|javascript|asgi|wsgi)", VIEW),
    (r"^\W*(hi|hello|hey|good (morning|day|evening)|help)\b|who are you|what can you", HELLO),
)


def answer_to(prompt: str) -> str:
    """Return the answer that fits `prompt` best."""
    return next(
        (text for pattern, text in ANSWERS if re.search(pattern, prompt, re.IGNORECASE)), OTHER
    )
