"""What a token costs as an answer grows: `python -m tests.benchmarks.markdown`, from the root.

Feeds the chat in Chromium through an event source in the page, ten tokens a frame, and prints how
much processor time the browser's main thread takes for each token, from the first one to the last:
reading, building, style, layout and paint. Ends with 1 if a long answer costs more than ALLOWED
times as much as a short one.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

import django

django.setup()

from tests.browser.support import Chromium
from tests.browser.widget.widget import Widget
from tests.support.servers import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHORT, LONG = 200, 20_000  # tokens
SHORT_ANSWERS = 10  # in each round: one alone is over before the clock has a say
WARM_UP = 2_000  # tokens, after which the browser has compiled what it runs often
ROUNDS = 3
ALLOWED = 1.5
CHARACTERS = 4  # of a token

TEXT = """\
A stream is *a text that grows*, and a reader is **a position in it**: `Last-Event-ID` says so, \
and [the specification](https://example.org/sse) too.

## What happens on the way

1. The browser posts the question.
2. The server stores it:
   - the address can be asked again;
   - asking again costs nothing.
3. The text arrives, piece by piece.

```python
async def chat(request):
    # Two lines are enough.
    return stream(request.GET["prompt"]).response(request)
```

| Way | Reconnects | Lines |
|:---|---|---:|
| SSE | yes | 1 |
| WebSocket | no | 12 |
| Polling | of course | 250 |

> A lost connection is not an error. It is a pause that somebody has to bridge, and it should not be
> the person who reads.

Names such as snake_case stay as they are. So do words that mean nothing at all.

"""

# In the place of the page's own: says what it is told to, so many tokens a frame.
SOURCE = """
class Source extends EventTarget {
  static CLOSED = 2;
  readyState = 1;
  count = 0;
  constructor() {
    super();
    window.source = this;
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  say(type, data) {
    this.count += 1;
    this.dispatchEvent(new MessageEvent(type, { data, lastEventId: `0123abcd-${this.count}` }));
  }
  async feed(text, count, size) {
    const whole = text.repeat(Math.ceil((count * size) / text.length));
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let token = 0; token < count; token += 10) {
      for (let at = token; at < token + 10; at += 1) {
        this.say("message", whole.slice(at * size, (at + 1) * size));
      }
      await frame();
    }
    await frame();
  }
}
window.EventSource = Source;
"""
START = '{"heartbeat_interval": 600}'
FEED = "([text, count, size]) => source.feed(text, count, size)"


class Chat:
    """The chat on a page whose event source does what it is told."""

    def __init__(self, browser: Browser, url: str) -> None:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(SOURCE)
        page.goto(url)
        self.page, self.widget = page, Widget(page)
        self.widget.wait_until("idle")
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable")

    def busy(self) -> float:
        """Return the seconds that the main thread has had a processor so far."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "ThreadTime")

    def answer(self, tokens: int) -> float:
        """Show an answer; return the seconds that the main thread worked from start to end."""
        self.widget.ask("How long does it take?")
        self.widget.wait_until("streaming")
        self.page.evaluate(f"() => source.say('start', '{START}')")
        self.session.send("HeapProfiler.collectGarbage")
        before = self.busy()
        self.page.evaluate(FEED, [TEXT, tokens, CHARACTERS])
        taken = self.busy() - before
        self.page.evaluate("() => source.say('done', '{}')")
        self.widget.wait_until("idle")
        shown = self.widget.texts.evaluate("(answer) => answer.textContent.length")
        assert shown > tokens * CHARACTERS * 0.7, "not everything was shown"
        self.widget.call("newConversation")
        return taken


def measure(chat: Chat) -> list[tuple[float, float]]:
    """Return the microseconds for a token of short answers and of a long one, for each round."""
    chat.answer(WARM_UP)
    found = []
    for number in range(ROUNDS):
        short = sum(chat.answer(SHORT) for _ in range(SHORT_ANSWERS)) / SHORT_ANSWERS
        long = chat.answer(LONG)
        found.append((short / SHORT * 1e6, long / LONG * 1e6))
        print(f"round {number + 1}: {found[-1][0]:.0f} and {found[-1][1]:.0f} µs", flush=True)
    return found


def main() -> int:
    with ExitStack() as stack:
        environment = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
        server = stack.enter_context(serving("uvicorn", environment))
        browser = stack.enter_context(Chromium.start(Chromium.program()))
        version = browser.version
        rounds = measure(Chat(browser, f"{server.url}/widget"))
    short, long = (median(column) for column in zip(*rounds, strict=True))
    ratio = long / short
    print(f"{datetime.now(UTC):%Y-%m-%d}, Chromium {version}, Python {platform.python_version()},")
    print(f"Django {django.__version__}, {platform.machine()}, {os.cpu_count()} cores\n")
    print("| tokens | µs a token |\n|---:|---:|")
    print(f"| {SHORT:,} | {short:.0f} |\n| {LONG:,} | {long:.0f} |")
    print(f"\nratio {ratio:.2f}, at most {ALLOWED}")
    return int(ratio > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
