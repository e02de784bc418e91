"""The OpenAPI description says what the code does: URLs, methods, parameters, answers, codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.forms import BaseForm
from django.test import SimpleTestCase, TestCase
from django.urls import URLPattern

import mindwave_django
from mindwave_django import exceptions
from mindwave_django.events import CancelReason, Finished, Usage, UsageSource
from mindwave_django.exceptions import MindwaveError, ProviderUnavailable, StreamExpired
from mindwave_django.forms import MAX_TEMPERATURE, AskForm, EditForm, PromptForm, TitleForm
from mindwave_django.http import HEADERS
from mindwave_django.messages import Role
from mindwave_django.models import KEY_LENGTH, TITLE_LENGTH, MessageState
from mindwave_django.testing import fake_driver
from mindwave_django.urls import urlpatterns
from tests.asking import GENERATE
from tests.chat.asking import BASE, CONVERSATIONS, MESSAGES, WithChat, unknown
from tests.pages import DOCS, links
from tests.support.openapi import (
    PATH,
    component,
    description,
    operations,
    properties,
    resolve,
    schema,
)

GENERATE_GET = ("/generate/", "get")
ERRORS = {
    error.code: error
    for error in vars(exceptions).values()
    if isinstance(error, type) and issubclass(error, MindwaveError)
}


def routes() -> set[str]:
    """Return the paths of the URL configuration, those without a slash at the end left out.

    Nor those of the probe: only our own command can use them.
    """
    patterns = (str(url.pattern) for url in urlpatterns if isinstance(url, URLPattern))
    described = (path for path in patterns if path[-1] == "/" and not path.startswith("probe/"))
    return {"/" + re.sub(r"<uuid:(.+?)>", r"{\1}", path) for path in described}


def codes_of(response: Any) -> set[str]:
    """Return the error codes that a refusal may have."""
    found = response["content"]["application/json"]["schema"]["allOf"][1]
    return set(found["properties"]["code"]["enum"])


class FileTests(SimpleTestCase):
    def test_valid(self) -> None:
        schema().validate()

    def test_version_of_the_package(self) -> None:
        assert description()["info"]["version"] == mindwave_django.__version__

    def test_linked(self) -> None:
        assert PATH.name in links(DOCS / "wire-format.md")

    def test_everything_in_it_is_used(self) -> None:
        text = PATH.read_text()
        for kind, components in description()["components"].items():
            for name in components:
                used = (
                    f"{name}: [" if kind == "securitySchemes" else f'"#/components/{kind}/{name}"'
                )
                assert used in text, f"{kind}/{name}"


class InterfaceTests(SimpleTestCase):
    def test_every_url_and_no_other(self) -> None:
        assert description()["paths"].keys() == routes()

    def test_every_method_and_no_other(self) -> None:
        for path, item in description()["paths"].items():
            answered = self.client.generic("TRACE", BASE + path[1:].format(pk=unknown()))
            listed = {method for each, method, _ in operations() if each == path}
            assert answered.status_code == 405
            assert {name.lower() for name in answered["Allow"].split(", ")} == listed, item

    def test_what_changes_something_needs_the_token(self) -> None:
        for path, method, operation in operations():
            needed = {name for each in operation.get("security", []) for name in each}
            wanted = set() if method == "get" else {"session", "csrfToken", "csrfCookie"}
            assert needed == wanted, path

    def test_header_of_every_answer(self) -> None:
        for path, _, operation in operations():
            assert any("RequestId" in each["$ref"] for each in operation["parameters"])
            for status, response in operation["responses"].items():
                assert "X-Request-ID" in resolve(response)["headers"], (path, status)

    def test_headers_of_a_stream(self) -> None:
        stream = component("responses", "Stream")
        told = {n: h["schema"]["const"] for n, h in stream["headers"].items() if "schema" in h}
        assert told == HEADERS
        assert stream["content"].keys() == {"text/event-stream"}


class RequestTests(SimpleTestCase):
    def assert_fields(self, form: type[BaseForm], names: Iterable[str], required: set[str]) -> None:
        fields = form.base_fields
        assert set(names) == fields.keys()
        assert required == {name for name, field in fields.items() if field.required}

    def test_bodies(self) -> None:
        for form, name in (
            (PromptForm, "PromptRequest"),
            (AskForm, "AskRequest"),
            (EditForm, "EditRequest"),
            (TitleForm, "TitleRequest"),
        ):
            with self.subTest(name):
                self.assert_fields(form, *properties(component("schemas", name)))

    def test_query(self) -> None:
        [operation] = [o for path, method, o in operations() if (path, method) == GENERATE_GET]
        parameters = [resolve(each) for each in operation["parameters"]]
        query = [each for each in parameters if each["in"] == "query"]
        required = {each["name"] for each in query if each.get("required")}
        self.assert_fields(PromptForm, (each["name"] for each in query), required)

    def test_bounds(self) -> None:
        assert component("schemas", "Temperature")["maximum"] == MAX_TEMPERATURE
        title, _ = properties(component("schemas", "TitleRequest"))
        assert title["title"]["maxLength"] == TITLE_LENGTH
        key = component("parameters", "IdempotencyKey")["schema"]["pattern"]
        assert f"{{1,{KEY_LENGTH}}}" in key


class CodeTests(SimpleTestCase):
    def test_every_code(self) -> None:
        listed = component("schemas", "ErrorCode")["enum"]
        assert sorted(listed) == sorted(ERRORS)

    def test_status_of_every_code(self) -> None:
        for path, _, operation in operations():
            for status, response in operation["responses"].items():
                if int(status) < 400:
                    continue
                wanted = {code for code, error in ERRORS.items() if error.status == int(status)}
                # It comes in streams only.
                assert codes_of(resolve(response)) == wanted - {StreamExpired.code}, path

    def test_words(self) -> None:
        message, _ = properties(component("schemas", "Message"))
        assert message["state"]["enum"] == MessageState.values
        assert message["reason"]["enum"] == ["", *CancelReason]
        assert set(message["role"]["enum"]) == set(Role) - {Role.SYSTEM}
        usage, _ = properties(component("schemas", "Usage"))
        assert usage["source"]["enum"] == list(UsageSource)


class AnswerTests(WithChat, TestCase):
    """Real answers have the keys that are described, and no others, at every depth."""

    def assert_described(self, name: str, value: Any) -> None:
        self.compare(component("schemas", name), value, name)

    def compare(self, node: Any, value: Any, place: str) -> None:
        node = resolve(node)
        if "oneOf" in node:
            node = resolve(node["oneOf"][0])
        if isinstance(value, list):
            for each in value:
                self.compare(node["items"], each, place)
        elif isinstance(value, dict):
            described, required = properties(node)
            assert required == value.keys() == described.keys(), place
            for key, each in value.items():
                self.compare(described[key], each, f"{place}.{key}")

    def test_conversation(self) -> None:
        usage = Usage(input_tokens=1, output_tokens=2)
        with fake_driver("Hello", Finished("stop", usage)):
            posted = self.ask_in()
            self.assert_described("Posted", posted)
            self.read(posted)
        with fake_driver("Half", ProviderUnavailable()):
            self.read(self.ask_in(posted["conversation"]["id"]))
        found = self.conversation(posted)
        assert [message["error"] is None for message in found["messages"]] == [True] * 3 + [False]
        assert found["messages"][1]["usage"] is not None
        self.assert_described("ConversationWithMessages", found)
        self.assert_described("ConversationList", self.ask(CONVERSATIONS).json)

    def test_rename(self) -> None:
        path = f"{CONVERSATIONS}{self.ask_in()['conversation']['id']}/"
        renamed = self.ask(path, {"title": "x"}, method="patch", content_type="application/json")
        self.assert_described("Conversation", renamed.json)

    def test_cancel(self) -> None:
        self.assert_described("Cancelled", self.message(self.ask_in(), "cancel").json)

    def test_whole_answer(self) -> None:
        with fake_driver("Hello", Finished("stop", Usage(input_tokens=1))):
            self.assert_described("Completion", self.ask(GENERATE, {"prompt": "Hi"}).json)

    def test_refusals(self) -> None:
        described, required = properties(component("schemas", "Refusal"))
        with fake_driver(ProviderUnavailable(retry_after=7)):
            refused = [self.ask(GENERATE, {"prompt": "Hi"}), self.post_json(MESSAGES, {})]
        told = [answered.json.keys() for answered in refused]
        assert required == told[0] & told[1]
        assert described.keys() == told[0] | told[1]
