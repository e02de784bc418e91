"""A front end on another origin, with the code of the documentation and a copy of our client."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.browser.foreign import foreign_site
from tests.browser.support import BrowserTest
from tests.pages import sample
from tests.support.processes import ROOT
from tests.support.upstream import Gate, Step, finish, text

CLIENT = ROOT / "mindwave_django" / "static" / "mindwave_django" / "client.js"
SETTINGS = "tests.browser.front_end_settings"
HOSTS = {
    "FRONT_END": "127.0.0.1",
    "ANOTHER_SITE": "localhost",
    "NOT_ALLOWED": "127.0.0.1",
    "NOT_TRUSTED": "127.0.0.1",
    "UNKNOWN": "127.0.0.1",
}
PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>'
# What the tests put in the place of the callback in the documentation.
CALLBACK = "onMessage: (text) => console.log(text),"
NOTES = """
  retryDelay: 50,
  onPosted: (posted) => { heard.posted = posted; },
  onMessage: (text) => { heard.text += text; },
  onRetry: (attempt) => { heard.tries += 1; },
  onComplete: (data) => { heard.done = data; },
  onError: ({ code, status, retryAfter }) => { heard.error = { code, status, retryAfter }; },
"""
EXPOSED = """
function forget() {
  window.heard = { posted: null, text: "", tries: 0, done: null, error: null };
}
forget();
Object.assign(window, { client, forget });
"""


def application(api: str) -> str:
    """Return the program of the documentation for an API at this address, with an ear for tests."""
    code = sample("security.md", "withCredentials", "js").code
    assert CALLBACK in code
    return code.replace("https://api.example.com", api).replace(CALLBACK, NOTES) + EXPOSED


class FrontEnd(BrowserTest):
    """Has a front end as documented, and others for which something was forgotten.

    All are on the site of the server, but for ANOTHER_SITE, which is one of its own.
    """

    options: ClassVar[dict[str, str]] = {}
    environment: ClassVar[dict[str, str]]
    origins: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        files = {"/": PAGE, "/client.js": CLIENT.read_text()}
        cls.origins = {
            name: f"http://{host}:{cls.enterClassContext(foreign_site(files))}"  # type: ignore[attr-defined]
            for name, host in HOSTS.items()
        }
        variables = {f"TEST_{name}": origin for name, origin in cls.origins.items()}
        cls.environment = variables | {"DJANGO_SETTINGS_MODULE": SETTINGS} | cls.options
        super().setUpClass()  # type: ignore[misc]
        files["/app.js"] = application(cls.proxy.url)

    def open(self, name: str = "FRONT_END") -> None:
        """Open a front end, and wait until it has its token."""
        self.page.goto(self.origins[name])
        self.eventually('"client" in window')

    def serve(self, *steps: Step | str) -> None:
        """Let the model answer with these texts and gates, and then end."""
        given = [text(step) if isinstance(step, str) else step for step in steps]
        for gate in (step for step in given if isinstance(step, Gate)):
            self.addCleanup(gate.open)  # type: ignore[attr-defined]  # nothing runs on
        self.provider.serve_only(*given, finish())

    def send(self, prompt: str = "Hello", conversation: str | None = None) -> None:
        self.page.evaluate(
            "([prompt, conversation]) => { forget(); client.send(prompt, { conversation }); }",
            [prompt, conversation],
        )

    def stream(self, prompt: str = "Hello") -> None:
        self.page.evaluate("(prompt) => { forget(); client.stream(prompt); }", prompt)

    def heard(self, name: str) -> Any:
        return self.page.evaluate("(name) => heard[name]", name)

    def wait_until_over(self) -> None:
        self.eventually("Boolean(heard.done ?? heard.error)")

    def assert_answered(self, wanted: str) -> None:
        self.wait_until_over()
        assert self.heard("error") is None, self.heard("error")
        assert self.heard("done") == {"status": "complete"}
        assert self.heard("text") == wanted

    def assert_refused(self, code: str) -> None:
        self.wait_until_over()
        assert (self.heard("error") or {}).get("code") == code, self.heard("done")
        assert self.provider.requests == []
