"""Answers that want to do harm: nothing runs, nothing is fetched, and the chat goes on.

No header of the page protects it: what keeps it safe is how the widget builds an answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from tests.browser.support import Chromium
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.hostile import GROUPS, HUGE, cases, pieces
from tests.browser.widget.widget import Widget, expect
from tests.support.upstream import Gate

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

# What the page itself asks the server for.
OWN = re.compile(r"http://127\.0\.0\.1:\d+/(static/.*|mindwave/.*|widget\?.*|alone(\.css)?)?")

WATCH = """
window.executed = [];
window.pwned = () => executed.push("pwned");
window.wrong = [];
window.pieces = 0;
addEventListener("mindwave:delta", () => (pieces += 1));

// An answer consists of these, and a button to copy code.
const ELEMENTS = new Set(("a blockquote br code col colgroup div em h3 h4 h5 h6 hr li ol p pre s "
  + "span strong table tbody td th thead tr ul").split(" "));
const ATTRIBUTES = new Set(("aria-label class dir href part rel role start tabindex target")
  .split(" "));

function inspect(element) {
  if (element.closest("button[part=copy-button]")) return;
  if (!ELEMENTS.has(element.localName)) wrong.push(`<${element.localName}>`);
  for (const { name, value } of element.attributes) {
    // Long tables have columns of a fixed width.
    const isWidth = name === "style" && /^width: [\\d.]+px;$/.test(value);
    if (!ATTRIBUTES.has(name) && !isWidth) wrong.push(`${element.localName} ${name}="${value}"`);
  }
  if (element.localName === "a") inspectLink(element);
}

function inspectLink(link) {
  const { protocol, username, target, relList, parentElement } = link;
  const isSafe = ["http:", "https:", "mailto:"].includes(protocol) && !username
    && target === "_blank" && relList.contains("noopener") && !parentElement?.closest("a");
  if (!isSafe) wrong.push(link.outerHTML);
}

// Everything that ever stands in an answer, however briefly.
function watchAnswers() {
  const root = document.querySelector("mindwave-chat").shadowRoot;
  const inside = (node) => node instanceof Element && node.closest("[part~=answer]");
  new MutationObserver((mutations) => {
    for (const { target, addedNodes } of mutations)
      for (const node of inside(target) ? addedNodes : [])
        if (node instanceof Element) [node, ...node.querySelectorAll("*")].forEach(inspect);
  }).observe(root, { childList: true, subtree: true });
}

function textOf(answer) {
  const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
  let text = "";
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest("button")) text += walker.currentNode.data;
  return text;
}

const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

// So many pieces have come since `pieces` was 0, and are painted.
async function paintedPieces(count) {
  while (pieces < count) await new Promise((done) => setTimeout(done, 5));
  await frame();
}

// A megabyte is painted in many frames, some of them after the answer's end.
async function paintedText(answer, length) {
  const end = performance.now() + 60_000;
  const isShort = () => textOf(answer).replace(/\\s/g, "").length < length;
  while (isShort() && performance.now() < end) await frame();
}

Object.assign(window, { inspect, watchAnswers, textOf, paintedPieces, paintedText });
"""

HAPPENED = "() => [...wrong.splice(0), ...executed.splice(0), ...Object.keys(Object.prototype)]"

CONTROL = """(answer) => {
  const element = document.createElement("div");
  element.innerHTML = "<img src=/evil.png onerror=pwned() style='top: 0'>"
    + "<a href=javascript:pwned()>x</a>";
  answer.append(element);
}"""

# Where the last letter of a paragraph stands, beside the one before it.
LAST_LETTERS = """(paragraph) => {
  const { lastChild: text } = paragraph;
  const [before, last] = [2, 1].map((fromEnd) => {
    const range = document.createRange();
    range.setStart(text, text.length - fromEnd);
    range.setEnd(text, text.length - fromEnd + 1);
    return range.getBoundingClientRect().left;
  });
  return before < last ? "left to right" : "right to left";
}"""


class Hostility(WidgetTest):
    environment: ClassVar[dict[str, str]] = {"TEST_CSP": "0"}

    def watched(self, page: Page) -> Widget:
        page.add_init_script(WATCH)
        page.on("request", self._request)
        page.on("popup", lambda popup: self.problems.append(f"window: {popup.url}"))
        page.on("frameattached", lambda frame: self.problems.append(f"frame: {frame.url}"))
        page.on("websocket", lambda socket: self.problems.append(f"socket: {socket.url}"))
        return super().watched(page)

    def _request(self, request: Request) -> None:
        if not OWN.fullmatch(request.url) or "evil" in request.url:
            self.problems.append(f"request: {request.url}")

    def open(self, *arguments: Any, **options: Any) -> None:
        super().open(*arguments, **options)
        self.page.evaluate("watchAnswers()")

    def assert_harmless(self, wanted: str, number: int = -1) -> None:
        """Check what an answer shows, and that nothing else happened."""
        answer = self.widget.texts.nth(number)
        answer.evaluate("(answer) => answer.querySelectorAll('*').forEach(inspect)")
        happened = [*self.problems, *self.page.evaluate(HAPPENED)]
        self.problems.clear()
        assert happened == [], happened
        assert_same(answer.evaluate("(answer) => textOf(answer)"), wanted)
        expect(self.widget.field).to_be_editable()

    def answered_piece_by_piece(self, text: str) -> None:
        """Let every piece be painted before the next one comes."""
        given = pieces(text)
        gates = [Gate() for _ in given]
        self.page.evaluate("() => { pieces = 0; }")
        self.serve(*(step for pair in zip(given, gates, strict=True) for step in pair))
        self.widget.ask()
        for count, gate in enumerate(gates, start=1):
            self.page.evaluate("(count) => paintedPieces(count)", count)
            gate.open()
        self.widget.wait_until("idle")

    def until_painted(self, wanted: str) -> None:
        """Wait for a text of this length; fail later if there is another one in its place."""
        length = len("".join(wanted.split()))
        self.widget.texts.last.evaluate("(answer, length) => paintedText(answer, length)", length)

    def assert_usable(self) -> None:
        """Ask, and get an answer."""
        self.answered("**Still** here.", question="Are you there?")
        self.widget.assert_text("Still here.")

    def test_page_has_no_policy_and_harm_is_noticed(self) -> None:
        script = "fetch(location).then((page) => page.headers.get('content-security-policy'))"
        assert self.page.evaluate(script) is None
        self.answered("Fine.")

        self.widget.texts.evaluate(CONTROL)

        self.eventually("executed[0]", "pwned")
        assert self.page.evaluate("wrong.length") == 5
        assert self.problems == [f"request: {self.proxy.url}/evil.png"]
        self.problems.clear()

    def test_no_picture_but_of_the_web(self) -> None:
        self.open(images=True)

        self.answered("![x](data:image/svg+xml,a) ![x](javascript:pwned()) ![x](//evil.test/a.png)")

        self.assert_harmless(
            "![x](data:image/svg+xml,a) ![x](javascript:pwned()) ![x](//evil.test/a.png)"
        )

    def test_link_tells_nothing_and_gets_no_hold_of_the_page(self) -> None:
        self.open_window()
        self.context.route("https://evil.test/**", lambda route: route.fulfill(body="Evil"))
        self.open()
        self.answered("[https://bank.example](https://evil.test/a)")

        with self.page.expect_popup() as opened:
            self.widget.texts.get_by_role("link").click()

        assert opened.value.url == "https://evil.test/a"
        assert opened.value.evaluate("[opener, document.referrer]") == [None, ""]
        assert self.page.url == f"{self.proxy.url}/alone"
        self.problems.clear()

    def test_direction_stays_within_a_link(self) -> None:
        self.answered("[\u202emoc.knab](https://evil.test/) after")

        assert self.widget.texts.locator("p").evaluate(LAST_LETTERS) == "left to right"

    def test_hostile_texts(self) -> None:
        texts = [(group, *case) for group, entries in GROUPS.items() for case in cases(entries)]
        for group, name, text, shown in texts:
            with self.subTest(f"{group}: {name}"):
                self.answered_piece_by_piece(text)
                self.assert_harmless(shown)
        self.page.reload()
        self.widget.wait_until("idle")
        expect(self.widget.texts).not_to_have_count(0)
        stored = self.widget.texts.count()
        assert stored > 10
        for number, (group, name, _, shown) in enumerate(texts[-stored:]):
            with self.subTest(f"{group}: {name}, stored"):
                self.assert_harmless(shown, number)
        self.assert_usable()

    def test_huge_texts(self) -> None:
        for name, text, shown in cases(HUGE):
            with self.subTest(name):
                self.widget.call("newConversation")
                self.answered(*pieces(text))
                self.until_painted(shown)
                self.assert_harmless(shown)
                self.assert_usable()


def assert_same(shown: str, wanted: str) -> None:
    """Compare two texts, white space aside, and show where they part: they may be huge."""
    one, other = ("".join(text.split()) for text in (shown, wanted))
    if one == other:
        return
    pairs = enumerate(zip(one, other, strict=False))
    at = next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
    place = slice(max(at - 30, 0), at + 60)
    raise AssertionError(
        f"at {at}: {one[place]!r} ({len(one)}), not {other[place]!r} ({len(other)})"
    )


class HostilityInChromium(Hostility, Chromium):
    pass
