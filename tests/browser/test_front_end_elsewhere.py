"""A front end on another domain works as documented, and does not where a setting is missing."""

from __future__ import annotations

from typing import ClassVar

from tests.browser.front_end import FrontEnd
from tests.browser.support import Chromium, Firefox
from tests.support.upstream import Gate

TOKEN = """(api) => fetch(`${api}/csrf-token/`, { credentials: "include" }).then(
    (response) => response.text(), () => "cannot be read")"""
ASK = """async (api) => {
    const options = { credentials: "include" };
    const { token } = await (await fetch(`${api}/csrf-token/`, options)).json();
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const asked = { ...options, method: "POST", headers, body: '{"prompt": "Again"}' };
    const response = await fetch(`${api}/mindwave/messages/`, asked);
    return [response.status, response.headers.get("Retry-After")];
}"""


class AsDocumented(FrontEnd):
    def test_direct_stream(self) -> None:
        self.serve("Hello, ", "world.")
        self.open()

        self.stream()

        self.assert_answered("Hello, world.")

    def test_conversation(self) -> None:
        self.serve("First.")
        self.open()
        self.send("One")
        self.assert_answered("First.")
        conversation = self.heard("posted")["conversation"]["id"]
        self.serve("Second.")

        self.send("Two", conversation)

        self.assert_answered("Second.")
        [request] = self.provider.requests
        said = [message["content"] for message in request.body["messages"]]
        assert said == ["One", "First.", "Two"]

    def test_goes_on_after_a_cut(self) -> None:
        self.open()
        for ask in (self.send, self.stream):
            for reset in (True, False):
                with self.subTest(ask.__name__, reset=reset):
                    gate = Gate()
                    self.serve("As far as this, ", gate, "and on.")
                    ask()
                    self.eventually("heard.text", "As far as this, ")

                    self.proxy.cut(reset=reset)
                    self.eventually("heard.tries", 1)
                    gate.open()

                    self.assert_answered("As far as this, and on.")
                    assert len(self.provider.requests) == 1

    def test_stop(self) -> None:
        self.serve("As far as this", Gate())
        self.open()
        self.send()
        self.eventually("heard.text", "As far as this")

        self.page.evaluate("() => client.cancel()")

        self.wait_until_over()
        assert self.heard("done") == {"status": "cancelled", "reason": "user"}
        self.provider.wait_until(lambda: self.provider.open_streams == 0)

    def test_limit_says_when_to_come_back(self) -> None:
        self.page.context.add_cookies([{"name": "test_rate", "value": "1", "url": self.proxy.url}])
        self.serve("The only one.")
        self.open()
        self.send()
        self.assert_answered("The only one.")

        self.send("Again")

        self.wait_until_over()
        error = self.heard("error")
        assert (error["code"], error["status"]) == ("rate_limited", 429)
        assert 0 < error["retryAfter"] <= 86_400
        status, retry_after = self.page.evaluate(ASK, self.proxy.url)
        assert status == 429
        assert 0 < int(retry_after) <= 86_400

    def test_new_token_after_login(self) -> None:
        self.serve("Hello.")
        self.open()
        other = self.page.context.new_page()
        other.goto(f"{self.proxy.url}/enter")

        self.send()
        self.assert_refused("csrf_failed")
        self.open()
        self.send()

        self.assert_answered("Hello.")


class Forgotten(FrontEnd):
    def setUp(self) -> None:
        super().setUp()
        self.serve("Costly.")

    def test_not_in_allowed_origins(self) -> None:
        self.open("NOT_ALLOWED")

        self.send()
        self.assert_refused("permission_denied")
        self.stream()
        self.assert_refused("connection_lost")  # nobody can ask why without asking the model

    def test_not_in_csrf_trusted_origins(self) -> None:
        self.open("NOT_TRUSTED")

        self.send()

        self.assert_refused("csrf_failed")

    def test_not_in_cors_allowed_origins(self) -> None:
        self.page.goto(self.origins["UNKNOWN"])

        assert self.page.evaluate(TOKEN, self.proxy.url) == "cannot be read"

    def test_cookies_do_not_go_to_another_site(self) -> None:
        self.open("ANOTHER_SITE")

        self.send()

        self.assert_refused("csrf_failed")


class WithCookies(FrontEnd):
    options: ClassVar[dict[str, str]] = {"TEST_COOKIES": "1"}

    def test_another_site(self) -> None:
        self.serve("First.")
        self.open("ANOTHER_SITE")
        self.send("One")
        self.assert_answered("First.")
        conversation = self.heard("posted")["conversation"]["id"]

        self.send("Two", conversation)

        self.assert_answered("First.")


class InChromium(AsDocumented, Forgotten, Chromium):
    pass


class InFirefox(AsDocumented, Forgotten, Firefox):
    pass


class WithCookiesInFirefox(WithCookies, Firefox):  # Chromium, as tests start it, lets none through
    pass
