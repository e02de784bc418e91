"""The chat without JavaScript: a form that posts, and pages."""

from __future__ import annotations

import re
from html import unescape

from django.test import TestCase

from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.forms import sign_driver, unsign_driver
from mindwave_django.models import ChatMessage
from mindwave_django.testing import fake_driver
from tests.chat.asking import CONVERSATIONS, MESSAGES, WithChat, unknown
from tests.clients import Answered, WithAsyncClient

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


class PageTests(WithChat, TestCase):
    def submit(self, prompt: str, conversation: str = "", driver: str = "") -> Answered:
        data = {"prompt": prompt, "conversation": conversation, "driver": driver}
        return self.ask(MESSAGES, data, method="post", headers=BROWSER)

    def page_after(self, submitted: Answered) -> str:
        assert submitted.status == 303
        return self.ask(submitted["Location"], headers=BROWSER).body.decode()

    def test_form_waits_for_the_answer_and_shows_it(self) -> None:
        with fake_driver("Hello <b>there</b>") as driver:
            page = self.page_after(self.submit("Hi & bye"))
        assert len(driver.calls) == 1
        assert "Hi &amp; bye" in page
        assert "Hello &lt;b&gt;there&lt;/b&gt;" in page
        assert 'name="csrfmiddlewaretoken"' in page
        assert f'action="{MESSAGES}"' in page

    def test_dialogue_goes_on(self) -> None:
        with fake_driver("Hello"):
            first = self.submit("One")
            conversation = first["Location"].split("/")[-2]
            page = self.page_after(self.submit("Two", conversation))
        assert page.index("One") < page.index("Two")
        assert conversation in page

    def test_dialogue_stays_with_its_driver(self) -> None:
        with fake_driver("Hello", alias="demo"):
            page = self.page_after(self.submit("One", driver=sign_driver("demo")))
            self.submit("Two", *self.form_of(page))
        drivers = ChatMessage.objects.filter(role="assistant").values_list("driver", flat=True)
        assert list(drivers) == ["demo", "demo"]
        assert unsign_driver(self.form_of(page)[1]) == "demo"

    def test_driver_is_named_only_if_there_is_something_to_name(self) -> None:
        with fake_driver("Hello"):
            page = self.page_after(self.submit("One"))
        assert 'name="driver"' not in page

    def form_of(self, page: str) -> list[str]:
        found = (
            re.search(rf'name="{name}" value="(.+?)"', page) for name in ("conversation", "driver")
        )
        return [unescape(each[1]) for each in found if each]

    def test_failure_is_told_in_words(self) -> None:
        with fake_driver("Half", ProviderUnavailable("Down")), self.assertLogs("mindwave_django"):
            page = self.page_after(self.submit("Hi"))
        assert "Half" in page
        assert "The model is not available right now. Please try again." in page

    def test_refusals_are_pages_too(self) -> None:
        blank = self.submit(" ")
        assert (blank.status, blank["Content-Type"]) == (400, "text/html; charset=utf-8")
        assert "This field is required." in blank.body.decode()
        gone = self.ask(f"{CONVERSATIONS}{unknown()}/", headers=BROWSER)
        assert (gone.status, gone["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "This conversation could not be found." in gone.body.decode()

    def test_refused_question_may_be_asked_better_in_its_place(self) -> None:
        with fake_driver("Hello", alias="demo"):
            page = self.page_after(self.submit("One", driver=sign_driver("demo")))
        wanted = self.form_of(page)
        assert len(wanted) == 2
        assert self.form_of(self.submit(" ", *wanted).body.decode()) == wanted

    def test_what_is_to_blame_is_not_sent_again(self) -> None:
        gone = self.submit("Hi", unknown(), sign_driver("demo"))
        assert (gone.status, self.form_of(gone.body.decode())) == (404, [])
        forged = self.submit("Hi", driver="demo:forged")
        assert (forged.status, self.form_of(forged.body.decode())) == (400, [])

    def test_refused_words_are_not_lost(self) -> None:
        gone = self.submit("A <long> question", unknown())
        assert ">A &lt;long&gt; question</textarea>" in gone.body.decode()

    def test_programs_get_json(self) -> None:
        answered = self.ask(
            MESSAGES, {"prompt": "Hi"}, method="post", headers={"Accept": "application/json"}
        )
        assert (answered.status, answered.json["message"]["state"]) == (201, "pending")


class AsyncPageTests(WithAsyncClient, PageTests):
    pass
