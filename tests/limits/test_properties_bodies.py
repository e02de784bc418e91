"""Whatever stands in a body: it is read or refused, and a prompt reaches the model as sent."""

from __future__ import annotations

import json
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory, SimpleTestCase, tag
from hypothesis import assume, given
from hypothesis import strategies as st

from mindwave_django.exceptions import MindwaveError
from mindwave_django.forms import AskForm, PromptForm
from mindwave_django.messages import Message
from mindwave_django.testing import FakeDriver, fake_driver
from mindwave_django.views.base import api_view, read_data, read_form
from tests.asking import STREAM, chat
from tests.chat.asking import MESSAGES
from tests.clients import Answered
from tests.limits.person import PersonTestCase, assert_flat
from tests.limits.strategies import (
    BODIES,
    FIELDS,
    JSON,
    content_types,
    examples,
    is_unicode,
    json_texts,
    json_values,
    texts,
)
from tests.limits.test_properties import is_prompt, normalised


@api_view("GET", "POST", "PATCH")
async def echo(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"conversation": str(read_form(AskForm, request).cleaned_data)})


def request(body: bytes, content_type: str, method: str = "POST") -> Any:
    made = RequestFactory().generic(method, "/", body, content_type=content_type)
    made._dont_enforce_csrf_checks = True  # as Django's client does
    return made


@tag("thorough")
class BodyTests(SimpleTestCase):
    @examples(300)
    @given(BODIES | json_texts(st.just("prompt")), content_types)
    def test_anything_is_read_or_refused(self, body: bytes, content_type: str) -> None:
        with chat():
            response = async_to_sync(echo)(request(body, content_type))
        assert response.status_code in {200, 400, 413}
        if response.status_code != 200:
            assert_flat(Answered(response, response.content))

    @examples(200)
    @given(BODIES | json_texts(st.just("prompt")), st.sampled_from(["POST", "PATCH"]))
    def test_json_raises_nothing_else(self, body: bytes, method: str) -> None:
        refused = None
        try:
            assert isinstance(read_data(request(body, JSON, method)), dict)
            read_form(PromptForm, request(body, JSON, method))
        except MindwaveError as exc:
            refused = exc.status
        assert refused in {None, 400, 413}

    @examples(100)
    @given(json_values, FIELDS)
    def test_no_field_takes_lists_objects_true_or_false(self, value: Any, field: str) -> None:
        body = json.dumps({"prompt": "Hi", field: value}).encode()
        with chat():
            response = async_to_sync(echo)(request(body, JSON))
        if isinstance(value, list | dict | bool) and field in AskForm.base_fields:
            assert list(json.loads(response.content)["fields"]) == [field]

    @examples(100)
    @given(st.text("0123456789-+. xa٣", max_size=6) | st.just("9" * 5000))
    def test_length_that_a_client_claims(self, length: str) -> None:
        sent = request(b'{"prompt": "Hi"}', JSON)
        sent.META["CONTENT_LENGTH"] = length
        with chat():
            assert async_to_sync(echo)(sent).status_code in {200, 400, 413}


class DriverTests(PersonTestCase):
    """What reaches the model is what was sent, trimmed, and with LF for every end of a line."""

    @examples(60)
    @given(texts(max_size=12), st.sampled_from(["get", "post", "json", "chat"]))
    def test_prompt(self, prompt: str, way: str) -> None:
        assume(is_unicode(prompt) or way in {"json", "chat"})
        settings = chat(MAX_PROMPT_LENGTH=8, MAX_STREAMS_PER_OWNER=None)
        with settings, fake_driver("Hello") as driver:
            answered = getattr(self, f"by_{way}")({"prompt": prompt})
        self.assert_asked(driver, prompt, answered)

    def assert_asked(self, driver: FakeDriver, prompt: str, answered: Any) -> None:
        assert (answered.status_code == 200) is is_prompt(normalised(prompt)), answered
        asked = [call.messages for call in driver.calls]
        wanted = [(Message("user", normalised(prompt)),)]
        assert asked == (wanted if answered.status_code == 200 else [])

    def by_get(self, data: Any) -> Any:
        return read(self.client.get(STREAM, data))

    def by_post(self, data: Any) -> Any:
        return read(self.client.post(STREAM, data))

    def by_json(self, data: Any) -> Any:
        return read(self.client.post(STREAM, data, content_type=JSON))

    def by_chat(self, data: Any) -> Any:
        posted = self.client.post(MESSAGES, data, content_type=JSON)
        if posted.status_code != 201:
            return posted
        assert posted.json()["question"]["content"] == normalised(data["prompt"])
        return read(self.client.get(posted.json()["stream"]))


def read(response: Any) -> Any:
    if response.streaming:
        response.getvalue()
    return response
