"""How the widget looks: colours, widths, directions, movement, and on a hostile page."""

from __future__ import annotations

from tests.browser.support import LIMIT
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate

WIDE = (
    "```python\n" + "x = " + "1 + " * 100 + "1\n```\n\n"
    "|" + " Heading |" * 12 + "\n|" + "---|" * 12 + "\n|" + " some words |" * 12 + "\n\n"
    "A word: " + "w" * 400 + "\n\nA link: https://example.org/" + "path/" * 60 + "\n"
)
STYLES = (
    *("color", "boxSizing", "textTransform", "letterSpacing", "display", "margin"),
    *("lineHeight", "textAlign", "whiteSpace", "opacity", "float"),
)
RUNNING_ANIMATIONS = """() => {
  const root = document.querySelector("mindwave-chat").shadowRoot;
  const all = [...document.getAnimations(), ...root.getAnimations()];
  return all.filter((each) => each.playState === "running").map((each) => each.animationName);
}"""


class Colours(WidgetTest):
    start_path = ""

    def surface(self) -> str:
        return self.widget.style(self.widget.part("chat"), "backgroundColor")

    def test_light_and_dark_as_the_system_says(self) -> None:
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.open()
            bright = sum(map(int, self.surface()[4:-1].split(","))) > 3 * 127
            assert bright == (scheme == "light"), (scheme, self.surface())

    def test_the_site_may_decide(self) -> None:
        self.page.emulate_media(color_scheme="dark")
        self.open(theme="light")
        assert self.surface() == "rgb(255, 255, 255)"
        self.page.emulate_media(color_scheme="light")
        self.open(theme="dark")
        assert self.surface() != "rgb(255, 255, 255)"

    def test_every_part_can_be_seen_with_forced_colours(self) -> None:
        self.page.emulate_media(forced_colors="active")
        self.open()
        self.answered("Some **text**.")

        expect(self.widget.main_button).to_be_visible()
        assert self.widget.style(self.widget.main_button, "borderTopStyle") == "solid"


class Widths(WidgetTest):
    start_path = ""

    def test_from_phone_to_desktop_nothing_makes_the_page_scroll_sideways(self) -> None:
        self.open()
        self.answered(WIDE, question="q" * 300)
        for width in (320, 360, 768, 1440):
            self.page.set_viewport_size({"width": width, "height": 800})
            with self.subTest(width=width):
                self.eventually("document.documentElement.scrollWidth - innerWidth", 0)
                inside = "(it) => it.scrollWidth - it.clientWidth"
                assert self.widget.transcript.evaluate(inside) == 0
                for part in (self.widget.composer, self.widget.texts, self.widget.questions):
                    box = part.bounding_box()
                    assert box is not None
                    assert box["x"] >= 0
                    assert box["x"] + box["width"] <= width

    def test_wide_things_scroll_inside_themselves(self) -> None:
        self.open_window(viewport={"width": 360, "height": 700})
        self.open()
        self.answered(WIDE)

        for selector in ("pre", "[part~=table] >> xpath=.."):
            box = self.widget.texts.locator(selector)
            assert box.evaluate("(it) => it.scrollWidth > it.clientWidth"), selector
            assert self.widget.style(box, "overflowX") == "auto"

    def test_twice_as_large(self) -> None:
        self.open_window(viewport={"width": 640, "height": 360}, device_scale_factor=2)
        self.open()
        self.answered(WIDE)

        self.eventually("document.documentElement.scrollWidth - innerWidth", 0)
        expect(self.widget.field).to_be_in_viewport(ratio=1)

    def test_list_is_a_column_where_there_is_room_else_a_drawer(self) -> None:
        self.page.set_viewport_size({"width": 1440, "height": 800})
        self.open()
        self.widget.button("Conversations").click()
        beside, dialogue = self.boxes()
        assert beside["x"] + beside["width"] <= dialogue["x"] + 1

        self.page.set_viewport_size({"width": 360, "height": 800})
        expect(self.widget.conversations).to_be_hidden()
        self.widget.button("Conversations").click()
        over, dialogue = self.boxes()
        assert over["x"] + over["width"] > dialogue["x"] + 100
        self.page.keyboard.press("Escape")
        expect(self.widget.conversations).to_be_hidden()
        expect(self.widget.button("Conversations")).to_be_focused()

    def boxes(self) -> tuple[dict[str, float], dict[str, float]]:
        expect(self.widget.conversations).to_be_visible()
        found = (self.widget.conversations.bounding_box(), self.widget.header.bounding_box())
        assert all(found)
        return found  # type: ignore[return-value]

    def test_targets_are_large_enough_for_a_finger(self) -> None:
        self.open_window(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)
        self.open()
        self.answered("Text\n\n```sh\nls\n```\n")

        buttons = self.widget.host.get_by_role("button").locator("visible=true")
        for button in buttons.all():
            box = button.bounding_box()
            assert box is not None
            name = button.get_attribute("aria-label") or button.inner_text()
            assert box["height"] >= 44, (name, box)
            assert box["width"] >= 44, (name, box)
        assert buttons.count() >= 6


class Directions(WidgetTest):
    start_path = ""

    def test_right_to_left(self) -> None:
        self.open(language="ar")
        self.answered("مرحبا\n\nHello `code`\n\n- واحد\n", question="سؤال")

        question = self.widget.questions.bounding_box()
        answer = self.widget.texts.bounding_box()
        assert question is not None
        assert answer is not None
        assert question["x"] <= answer["x"] + 1
        first, second = (self.widget.texts.locator("p").nth(number) for number in (0, 1))
        assert self.widget.style(first, "direction") == "rtl"
        assert self.widget.style(second, "direction") == "ltr"
        assert self.widget.style(self.widget.host, "direction") == "rtl"
        field, button = (it.bounding_box() for it in (self.widget.field, self.widget.main_button))
        assert field is not None
        assert button is not None
        assert button["x"] < field["x"]

    def test_arabic_on_a_page_from_left_to_right(self) -> None:
        self.open()
        self.answered("مرحبا\n\n```\ncode\n```\n", question="سؤال")

        for part in (self.widget.questions, self.widget.texts.locator("p")):
            assert self.widget.style(part, "direction") == "rtl"
        assert self.widget.style(self.widget.texts.locator("pre"), "direction") == "ltr"


class Movement(WidgetTest):
    start_path = ""

    def test_nothing_moves_for_whoever_asks_for_that(self) -> None:
        for wish, moves in (("reduce", False), ("no-preference", True)):
            self.page.emulate_media(reduced_motion=wish)
            self.open()
            first, second = Gate(), Gate()
            self.serve(first, "Some text", second, " and more.")
            self.widget.ask()
            assert first.reached.wait(LIMIT)

            if not moves:
                expect(self.widget.notes).to_contain_text("Waiting for the model…")
                expect(self.widget.notes.locator(".dots")).to_be_hidden()
            assert bool(self.page.evaluate(RUNNING_ANIMATIONS)) == moves
            first.open()
            self.widget.assert_text("Some text")
            assert bool(self.page.evaluate(RUNNING_ANIMATIONS)) == moves
            second.open()
            self.widget.wait_until("idle")
            self.eventually(f"({RUNNING_ANIMATIONS})().length", 0)  # the hint may fade until then


class OnAHostilePage(WidgetTest):
    start_path = ""

    def test_looks_as_it_does_elsewhere(self) -> None:
        looks = {}
        for query in ("plain", "hostile"):
            self.open_window()
            self.open(query=query, theme="light")
            self.answered("Some **text**\n\n| a |\n|---|\n| b |\n", question="Hello")
            parts = {
                "field": self.widget.field,
                "button": self.widget.main_button,
                "question": self.widget.questions,
                "text": self.widget.texts.locator("p").first,
                "cell": self.widget.texts.get_by_role("cell"),
                "title": self.widget.title,
            }
            looks[query] = {
                name: [self.widget.style(part, style) for style in STYLES]
                for name, part in parts.items()
            }
            expect(self.widget.field).to_be_in_viewport()

        self.maxDiff = None
        self.assertEqual(looks["hostile"], looks["plain"])


class Looks(Colours, Widths, Directions, Movement, OnAHostilePage):
    pass
