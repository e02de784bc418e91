"""The server, the network or the page itself is away for a while."""

from __future__ import annotations

import signal
from typing import ClassVar

from tests.browser.support import LIMIT, BrowserTestCase
from tests.browser.widget.cuts import FaultTest
from tests.browser.widget.widget import expect
from tests.support.servers import Server, serving_on
from tests.support.upstream import Gate

INTERRUPTED = "was interrupted"
LOST = "Connection lost. What arrived is kept."


class Page(FaultTest):
    """The browser freezes the page, as phones do with what is in the background."""

    def lifecycle(self, state: str) -> None:
        session = self.context.new_cdp_session(self.page)
        session.send("Page.setWebLifecycleState", {"state": state})
        session.detach()


class Freezing(Page):
    def test_frozen_while_the_line_is_cut(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")
        self.lifecycle("frozen")

        self.proxy.cut(reset=True)
        gate.open()
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.lifecycle("active")

        self.assert_whole("Öne 👋, two.")

    def test_frozen_while_the_answer_goes_on(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")
        self.lifecycle("frozen")

        gate.open()
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.lifecycle("active")

        self.assert_whole("Öne 👋, two.")


class FreezingTooLong(Page):
    environment: ClassVar[dict[str, str]] = {"TEST_RECONNECT_GRACE": "0.3"}

    def test_frozen_for_longer_than_the_model_is_kept_waiting(self) -> None:
        self.begin("Öne 👋,", Gate())
        self.lifecycle("frozen")

        self.proxy.cut(reset=True)
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.lifecycle("active")

        self.assert_broken_off(INTERRUPTED, "Öne 👋,")
        self.assert_retry_gives("All of it.")


class Networks(FaultTest):
    def lose(self) -> None:
        self.context.set_offline(True)
        self.addCleanup(self.context.set_offline, False)  # type: ignore[attr-defined]
        self.proxy.cut(reset=True)

    def test_network_that_comes_back(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")

        self.lose()
        expect(self.widget.connection).to_be_visible()
        gate.open()
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.widget.assert_text("Öne 👋,")
        self.context.set_offline(False)

        self.assert_whole("Öne 👋, two.")

    def test_network_that_stays_away_for_long(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")

        self.lose()
        self.give_up()

        self.assert_broken_off(LOST, "Öne 👋,")
        self.context.set_offline(False)
        gate.open()
        self.widget.button("Retry").click()
        self.assert_whole("Öne 👋, two.")

    def test_question_without_a_network_is_asked_once_it_is_there(self) -> None:
        self.serve("All of it.")
        self.context.set_offline(True)
        self.widget.ask()

        self.give_up()
        expect(self.widget.notes).to_contain_text("Connection lost.")
        self.context.set_offline(False)
        self.widget.button("Retry").click()

        self.assert_whole("All of it.")
        expect(self.widget.questions).to_have_text(["Hello"])

    def give_up(self) -> None:
        """Have the page use up its tries, without the pauses between them."""
        expect(self.widget.connection).to_be_visible()
        while self.widget.host.get_attribute("state") != "idle":
            self.page.evaluate("() => dispatchEvent(new Event('online'))")
            self.page.wait_for_timeout(20)


class Restarts(FaultTest):
    """The process that writes the answer ends; another one takes its port, and has its rows."""

    environment: ClassVar[dict[str, str]] = {
        "TEST_CHECKPOINT_INTERVAL": "0.2",
        "TEST_SHUTDOWN_GRACE": "1",
    }

    def setUp(self) -> None:
        self.started: Server = self.start_server()
        super().setUp()

    def start_server(self) -> Server:
        """Start a server in the place of the one before."""
        assert isinstance(self, BrowserTestCase)
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "OPENAI_BASE_URL": self.provider.url,
        }
        url = f"sqlite:///{self.server.database}"
        server = self.enterContext(serving_on(url, "uvicorn", environment | self.environment))
        self.proxy.target = server.port
        return server

    def end_server(self, number: int) -> None:
        self.started.process.send(number)

    def wait_for_its_end(self) -> None:
        self.started.process.popen.wait(LIMIT)

    def test_killed(self) -> None:
        self.begin("Öne 👋,", Gate())

        self.end_server(signal.SIGKILL)
        self.wait_for_its_end()
        expect(self.widget.connection).to_be_visible()
        self.start_server()

        self.assert_broken_off(INTERRUPTED, "Öne 👋,")
        self.assert_retry_gives("All of it.")
        self.page.reload()
        self.widget.assert_text("All of it.")

    def test_killed_and_started_again_only_later(self) -> None:
        self.begin("Öne 👋,", Gate())

        self.end_server(signal.SIGKILL)
        self.wait_for_its_end()
        Networks.give_up(self)  # type: ignore[arg-type]

        self.assert_broken_off(LOST, "Öne 👋,")
        self.start_server()
        self.widget.button("Retry").click()
        self.assert_broken_off(INTERRUPTED, "Öne 👋,")
        self.assert_retry_gives("All of it.")

    def test_told_to_end_and_given_the_time_for_it(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")

        self.end_server(signal.SIGTERM)
        gate.open()
        self.wait_for_its_end()
        self.start_server()

        self.assert_whole("Öne 👋, two.")
        self.page.reload()
        self.widget.assert_text("Öne 👋, two.")

    def test_told_to_end_when_the_answer_takes_too_long(self) -> None:
        self.begin("Öne 👋,", Gate())

        self.end_server(signal.SIGTERM)
        self.wait_for_its_end()
        self.start_server()

        self.assert_broken_off(INTERRUPTED, "Öne 👋,")
        self.assert_retry_gives("All of it.")
