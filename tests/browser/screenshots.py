"""Pictures of the chat in all its states, to be looked at: python -m tests.browser.screenshots DIR.

Names of states after the folder take only those. Each is taken on a phone, a tablet and a desktop,
light and dark; then at twice the size, and inside a page that styles every element.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.browser.proxy import Proxy
from tests.browser.support import Chromium, Provider
from tests.browser.widget.widget import Widget, expect
from tests.support.servers import serving
from tests.support.upstream import Gate, Reset, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = {"360": (360, 740), "768": (768, 1024), "1440": (1440, 900)}
LIMITED = "Too many requests in a short time."

EVERYTHING = """\
A stream is *a text that grows*, and a reader is *a position in it*. That is the **whole idea**: \
everything else follows, including `Last-Event-ID` and [the \
specification](https://html.spec.whatwg.org/multipage/server-sent-events.html).

## What happens on the way

1. The browser posts the question, with a token that proves it came from your page.
2. The server stores it and answers with the address of a stream:
   - the address is a `GET`, so it can be asked again;
   - asking again costs nothing.
3. The text arrives, piece by piece.

```python
from mindwave_django import stream


async def chat(request):
    # Two lines are enough, and this comment is long enough to leave the screen of any telephone.
    return stream(request.GET["prompt"]).response(request)
```

### Side by side

| Way | Direction | Reconnects by itself | Lines of code |
|:---|:---:|---|---:|
| SSE | one way | yes | 1 |
| WebSocket | both ways | no | 12 |
| Polling | one way | of course | 250 |

> A lost connection is not an error. It is a pause that somebody has to bridge, and it should not \
be the person who reads.

- [x] Positions
- [ ] Patience

Names such as snake_case and array[0] stay as they are, <b>HTML</b> too.
"""
WIDE_CODE = (
    "```sh\ncurl -N " + "'http://127.0.0.1:8000/mindwave/stream?prompt=Hello' " * 4 + "\n```\n"
)
WIDE_TABLE = "|" + "".join(f" Month {n} |" for n in range(1, 13)) + "\n" + "|---" * 12 + "|\n"
WIDE_TABLE += ("|" + "".join(f" {n * 37} pieces |" for n in range(1, 13)) + "\n") * 4
ARABIC = """\
البث نص ينمو، والقارئ موضع فيه. لذلك لا يكلف انقطاع الاتصال شيئا.

1. يحمل كل جزء من النص موضعه.
2. يعود المتصفح من تلقاء نفسه ويذكر `Last-Event-ID`.

```python
return stream(request.GET["prompt"]).response(request)
```
"""
STARTERS = [
    "How do I stream an answer?",
    "What happens when the connection breaks?",
    "How do I save answers?",
    "Write a haiku about patience",
]


class Stage:
    """A page with the chat, and what its model says."""

    def __init__(self, widget: Widget, provider: Provider, proxy: Proxy) -> None:
        self.widget = widget
        self.page = widget.page
        self.provider = provider
        self.proxy = proxy
        self.gates: list[Gate] = []

    def open(self, *, language: str = "en", hostile: bool = False, **options: Any) -> None:
        """Open the page with these options of the tag."""
        given = {"language": language, "options": json.dumps(options)}
        query = urlencode(given | ({"hostile": ""} if hostile else {}))
        self.page.goto(f"{self.proxy.url}/widget?{query}")

    def gate(self) -> Gate:
        """Return a point at which the model waits until the picture is taken."""
        self.gates.append(Gate())
        return self.gates[-1]

    def ask(self, question: str, *steps: Any) -> None:
        """Ask, and let the model answer with these steps."""
        said = [text(step) if isinstance(step, str) else step for step in steps]
        self.provider.serve_only(
            *said, finish(usage={"prompt_tokens": 40, "completion_tokens": 412})
        )
        self.widget.ask(question)

    def answered(self, question: str, *steps: Any) -> None:
        """Ask, and wait until the answer is over."""
        self.ask(question, *steps)
        expect(self.widget.questions.last).to_have_text(question)
        self.widget.wait_until("idle")

    def refuse(self, status: int, body: dict[str, Any]) -> None:
        """Let the next question be refused."""
        answer = {"status": status, "json": body}
        self.page.route("**/messages/", lambda route: route.fulfill(**answer), times=1)


def empty(stage: Stage) -> None:
    stage.open(starters=STARTERS)


def waiting(stage: Stage) -> None:
    stage.open()
    stage.ask("What is a stream?", stage.gate())
    expect(stage.widget.notes.locator(".dots")).to_be_visible()


def streaming(stage: Stage) -> None:
    stage.open(usage="live")
    tokens = [EVERYTHING[at : at + 5] for at in range(0, 560, 5)]
    stage.ask("What is a stream?", *tokens, stage.gate(), EVERYTHING[560:])
    expect(stage.widget.texts).to_contain_text("asked again")
    expect(stage.widget.figures).to_contain_text("/s")


def long_answer(stage: Stage) -> None:
    stage.open(usage=True)
    stage.answered("What is a stream? Show me everything.", EVERYTHING)


def scrolled_away(stage: Stage) -> None:
    long_answer(stage)
    stage.widget.transcript.hover()
    stage.page.mouse.wheel(0, -300)
    expect(stage.widget.latest).to_be_visible()


def one_word(stage: Stage) -> None:
    stage.open(usage=True)
    stage.answered("Does it cost anything when the line breaks, or is it free of charge?", "No.")


def wide_things(stage: Stage) -> None:
    stage.open()
    stage.answered("Wide", f"{WIDE_CODE}\n{WIDE_TABLE}\n\nA word: {'w' * 400}\n")


def arabic(stage: Stage) -> None:
    stage.open(language="ar")
    stage.answered("ما هو البث؟", ARABIC)


def failed(stage: Stage) -> None:
    stage.open()
    stage.answered("What is a stream?", EVERYTHING[:300], Reset())


def reconnecting(stage: Stage) -> None:
    stage.open()
    stage.ask("What is a stream?", EVERYTHING[:300], stage.gate())
    expect(stage.widget.texts).to_contain_text("Last-Event-ID")
    stage.page.route("**/stream/**", lambda route: route.abort())
    stage.proxy.cut(reset=True)
    expect(stage.widget.connection).to_be_visible()


def stopped(stage: Stage) -> None:
    stage.open()
    stage.ask("What is a stream?", EVERYTHING[:300], stage.gate())
    expect(stage.widget.texts).to_contain_text("Last-Event-ID")
    stage.widget.stop.click()
    stage.widget.wait_until("idle")


def countdown(stage: Stage) -> None:
    stage.open()
    stage.answered("What is a stream?", EVERYTHING[:300])
    stage.refuse(429, {"error": LIMITED, "code": "rate_limited", "retry_after": 12})
    stage.widget.ask("And what is a position?")
    expect(stage.widget.notice).to_contain_text(LIMITED)


def logged_out(stage: Stage) -> None:
    stage.open()
    stage.refuse(401, {"error": "", "code": "authentication_required"})
    stage.widget.ask("What is a stream?")
    expect(stage.widget.notice).to_be_visible()


def editing(stage: Stage) -> None:
    one_word(stage)
    stage.widget.field.press("ArrowUp")


def drawer(stage: Stage) -> None:
    stage.open()
    for question in ("How do I stream an answer from my own view?", "Positions", "Heartbeats"):
        stage.answered(question, EVERYTHING[:300])
        stage.widget.button("New conversation").last.click()
    stage.answered("What does a lost line cost?", EVERYTHING)
    stage.widget.button("Conversations").click()
    stage.widget.entries.nth(3).wait_for()


def menu(stage: Stage) -> None:
    one_word(stage)
    stage.widget.button("More about this conversation").click()


def bubble_closed(stage: Stage) -> None:
    stage.open(layout="bubble")


def bubble_open(stage: Stage) -> None:
    stage.open(layout="bubble")
    stage.widget.bubble.click()
    stage.answered("What is a stream?", EVERYTHING[:560])


def hostile(stage: Stage) -> None:
    stage.open(hostile=True, starters=STARTERS, usage=True)
    stage.answered("What is a stream? Show me everything.", EVERYTHING)


def without_script(stage: Stage) -> None:
    stage.provider.serve_only(text(EVERYTHING), finish())
    stage.open()
    stage.widget.field.fill("What is a stream?")
    stage.widget.composer.get_by_role("button").click()
    stage.page.locator(".plain").wait_for()


STATES: tuple[Callable[[Stage], None], ...] = (
    empty,
    waiting,
    streaming,
    long_answer,
    scrolled_away,
    one_word,
    wide_things,
    arabic,
    failed,
    reconnecting,
    stopped,
    countdown,
    logged_out,
    editing,
    drawer,
    menu,
    bubble_closed,
    bubble_open,
    hostile,
    without_script,
)


def windows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and the options of each window that the pictures are taken in."""
    for name, (width, height) in SIZES.items():
        touch = {"has_touch": True, "is_mobile": True} if width < 700 else {}
        for scheme in ("light", "dark"):
            size = {"width": width, "height": height}
            yield f"{name}-{scheme}", {"viewport": size, "color_scheme": scheme, **touch}
    half = {"width": 720, "height": 450}
    yield "zoomed", {"viewport": half, "device_scale_factor": 2}


@contextmanager
def stage_in(browser: Browser, window: dict[str, Any], *parts: Any) -> Iterator[Stage]:
    context = browser.new_context(**window)
    stage = Stage(Widget(context.new_page()), *parts)
    try:
        yield stage
    finally:
        for gate in stage.gates:
            gate.open()
        context.close()


def take(
    folder: Path, browser: Browser, states: list[Callable[[Stage], None]], *parts: Any
) -> None:
    for state in states:
        for name, window in windows():
            script = {"java_script_enabled": state is not without_script}
            with stage_in(browser, window | script, *parts) as stage:
                state(stage)
                stage.page.wait_for_timeout(300)  # until what fades has faded
                stage.page.screenshot(path=folder / f"{state.__name__}-{name}.png")
        print(state.__name__, flush=True)


@contextmanager
def studio(**environment: str) -> Iterator[tuple[Browser, Provider, Proxy]]:
    """Start everything that a picture needs."""
    with ExitStack() as stack:
        provider = stack.enter_context(Provider())
        usual = {
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "OPENAI_BASE_URL": provider.url,
        }
        server = stack.enter_context(serving("uvicorn", usual | environment))
        proxy = stack.enter_context(Proxy(server.port))
        browser = stack.enter_context(Chromium.start(Chromium.program()))
        yield browser, provider, proxy


def main(folder: str, *names: str) -> None:
    """Take the pictures."""
    states = [state for state in STATES if not names or state.__name__ in names]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with studio() as (browser, *parts):
        take(Path(folder), browser, states, *parts)


if __name__ == "__main__":
    main(*sys.argv[1:])
