"""States of the chat beyond those that pictures are taken of, and all of them in groups."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser import screenshots
from tests.browser.screenshots import EVERYTHING, STARTERS, Stage
from tests.browser.widget.widget import expect
from tests.support.upstream import Status, chunk, finish, text

State = Callable[[Stage], None]


def german(stage: Stage) -> None:
    stage.open(language="de", starters=STARTERS)


def reasoning(stage: Stage) -> None:
    stage.open()
    thought = chunk({"reasoning_content": "Let me think."})
    stage.provider.serve_only(thought, text("42"), finish())
    stage.widget.ask("What is a stream?")
    stage.widget.wait_until("idle")
    stage.widget.part("reasoning").locator("summary").click()


def copied(stage: Stage) -> None:
    screenshots.long_answer(stage)
    stage.widget.button("Copy", stage.widget.texts).click()
    expect(stage.widget.announcer).to_have_text("Copied")


def failed_for_good(stage: Stage) -> None:
    stage.open()
    stage.provider.serve_only(Status(401))
    stage.widget.ask("What is a stream?")
    expect(stage.widget.notes).to_contain_text("its access is not set up correctly")


def interrupted(stage: Stage) -> None:
    stage.open()
    stage.ask("What is a stream?", EVERYTHING[:300], stage.gate())
    expect(stage.widget.texts).to_contain_text("Last-Event-ID")
    address = stage.page.url
    stage.page.goto("about:blank")
    stage.provider.wait_until(lambda: stage.provider.open_streams == 0)
    stage.page.goto(address)
    expect(stage.widget.notes).to_contain_text("was interrupted")


def lost(stage: Stage) -> None:
    screenshots.reconnecting(stage)
    while stage.widget.host.get_attribute("state") != "idle":
        stage.page.evaluate("() => dispatchEvent(new Event('online'))")
        stage.page.wait_for_timeout(20)
    expect(stage.widget.button("Retry")).to_be_visible()


def forbidden(stage: Stage) -> None:
    stage.open()
    stage.refuse(403, {"error": "", "code": "permission_denied"})
    stage.widget.ask("What is a stream?")
    expect(stage.widget.notice).to_be_visible()


def no_conversations(stage: Stage) -> None:
    stage.open()
    stage.widget.button("Conversations").click()
    expect(stage.widget.conversations).to_contain_text("No conversations yet.")


def _press_in_the_list(stage: Stage, name: str) -> None:
    screenshots.one_word(stage)
    stage.widget.button("Conversations").click()
    stage.widget.entries.hover()
    stage.widget.conversations.get_by_role("button", name=name).click()


def renaming(stage: Stage) -> None:
    _press_in_the_list(stage, "Rename: ")
    expect(stage.widget.conversations.get_by_role("textbox")).to_be_focused()


def renaming_above(stage: Stage) -> None:
    screenshots.one_word(stage)
    stage.widget.title.click()
    expect(stage.widget.header.get_by_role("textbox")).to_be_focused()


def deleting(stage: Stage) -> None:
    _press_in_the_list(stage, "Delete: ")
    expect(stage.widget.conversations).to_contain_text("Delete this conversation?")


def deleting_from_the_menu(stage: Stage) -> None:
    screenshots.menu(stage)
    stage.widget.button("Delete").click()
    expect(stage.widget.part("menu")).to_contain_text("Delete this conversation?")


NOTHING_ASKED: tuple[State, ...] = (screenshots.empty, german, no_conversations)
ANSWERS: tuple[State, ...] = (
    screenshots.waiting,
    screenshots.streaming,
    screenshots.long_answer,
    screenshots.scrolled_away,
    screenshots.wide_things,
    screenshots.arabic,
    reasoning,
    copied,
    screenshots.stopped,
)
TROUBLE: tuple[State, ...] = (
    screenshots.failed,
    failed_for_good,
    interrupted,
    screenshots.reconnecting,
    lost,
    screenshots.countdown,
    screenshots.logged_out,
    forbidden,
)
CONVERSATIONS: tuple[State, ...] = (
    screenshots.editing,
    screenshots.menu,
    deleting_from_the_menu,
    renaming_above,
    screenshots.drawer,
    renaming,
    deleting,
)
BUBBLE: tuple[State, ...] = (screenshots.bubble_closed, screenshots.bubble_open)
DIFFERENT_ON_A_PHONE: tuple[State, ...] = (
    screenshots.empty,
    screenshots.long_answer,
    screenshots.wide_things,
    screenshots.editing,
    screenshots.drawer,
    *BUBBLE,
)
