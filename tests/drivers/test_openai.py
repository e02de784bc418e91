"""What the OpenAI driver sends."""

from __future__ import annotations

import json
from typing import Any

from django.test import SimpleTestCase

from mindwave_django.exceptions import InvalidRequest
from tests.drivers.asking import KEY, ask, openai_driver, without_openai_variables
from tests.support.upstream import Request, Upstream, finish, text

ABSENT = object()


class RequestTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.enterContext(without_openai_variables())
        self.upstream = self.enterContext(Upstream())
        self.upstream.serve(text("ok"), finish())

    async def sent(self, options: dict[str, Any] | None = None, **call: Any) -> Request:
        driver = openai_driver(self.upstream.url, **options or {})
        await ask(driver, "What is SSE?", **call)
        return self.upstream.requests[-1]


class BodyTests(RequestTestCase):
    async def test_driver_without_options(self) -> None:
        assert (await self.sent()).body == {
            "model": "gpt-4.1-mini",
            "messages": [{"role": "user", "content": "What is SSE?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.7,
            "max_tokens": 2000,
        }

    async def test_messages_keep_roles_and_order(self) -> None:
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Grüße 🌍"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "line\nline"},
        ]
        await ask(openai_driver(self.upstream.url), messages)
        assert self.upstream.requests[-1].body["messages"] == messages

    async def test_option_of_the_driver_is_sent(self) -> None:
        for name, value in OPTIONS.items():
            with self.subTest(name):
                assert (await self.sent({name: value})).body[name] == value

    async def test_option_of_a_call_wins(self) -> None:
        for name, value in OPTIONS.items():
            with self.subTest(name):
                request = await self.sent({name: OTHER[name]}, **{name: value})
                assert request.body[name] == value

    async def test_none_of_a_call_leaves_the_parameter_out(self) -> None:
        for name in OPTIONS.keys() - {"model"}:
            with self.subTest(name):
                request = await self.sent({name: OTHER[name]}, **{name: None})
                assert name not in request.body

    async def test_none_of_the_driver_leaves_the_parameter_out(self) -> None:
        body = (await self.sent({"temperature": None, "max_tokens": None})).body
        assert not body.keys() & {"temperature", "max_tokens", "max_completion_tokens"}

    async def test_no_model_of_a_call_means_the_drivers(self) -> None:
        assert (await self.sent({"model": "its-own"}, model=None)).body["model"] == "its-own"

    async def test_zero_is_sent(self) -> None:
        body = (await self.sent({}, temperature=0, seed=0)).body
        assert body["temperature"] == 0
        assert body["seed"] == 0

    async def test_stop_may_be_one_text(self) -> None:
        assert (await self.sent({"stop": "END"})).body["stop"] == "END"

    async def test_extra_body_of_driver_and_call_are_joined(self) -> None:
        driver = {"extra_body": {"top_k": 1, "min_p": 0.1}}
        body = (await self.sent(driver, extra_body={"top_k": 2, "user": "u1"})).body
        assert (body["top_k"], body["min_p"], body["user"]) == (2, 0.1, "u1")

    async def test_extra_body_wins_over_options(self) -> None:
        assert (await self.sent({"extra_body": {"temperature": 1}})).body["temperature"] == 1


class ReasoningModelTests(RequestTestCase):
    async def test_model_decides_about_temperature_and_limit(self) -> None:
        for model, reasons in MODELS.items():
            with self.subTest(model):
                body = (await self.sent({"model": model})).body
                assert body.get("temperature", ABSENT) == (ABSENT if reasons else 0.7)
                limit, other = LIMITS if reasons else LIMITS[::-1]
                assert body[limit] == 2000
                assert other not in body

    async def test_model_of_the_call_decides(self) -> None:
        body = (await self.sent({"model": "gpt-4.1"}, model="o3")).body
        assert "temperature" not in body
        assert body["max_completion_tokens"] == 2000

    async def test_temperature_that_was_set_is_sent(self) -> None:
        assert (await self.sent({"model": "o3", "temperature": 1})).body["temperature"] == 1
        assert (await self.sent({"model": "gpt-5"}, temperature=1)).body["temperature"] == 1

    async def test_token_limit_parameter_overrules_the_model(self) -> None:
        limit, other = LIMITS
        for model, forced, absent in (("gpt-4.1", limit, other), ("o3", other, limit)):
            with self.subTest(model):
                options = {"model": model, "token_limit_parameter": forced}
                body = (await self.sent(options, max_tokens=5)).body
                assert body[forced] == 5
                assert absent not in body


class HeaderTests(RequestTestCase):
    async def test_key_travels_in_authorization_only(self) -> None:
        request = await self.sent()
        assert request.headers.pop("authorization") == f"Bearer {KEY}"
        assert KEY not in json.dumps(request)

    async def test_key_comes_from_the_environment(self) -> None:
        with without_openai_variables(OPENAI_API_KEY="from-environment"):
            request = await self.sent({"api_key": None})
        assert request.headers["authorization"] == "Bearer from-environment"

    async def test_server_without_keys_needs_none(self) -> None:
        request = await self.sent({"api_key": None})
        assert request.headers["authorization"] == "Bearer unused"

    async def test_organization_and_project(self) -> None:
        request = await self.sent({"organization": "org-1", "project": "proj-1"})
        assert request.headers["openai-organization"] == "org-1"
        assert request.headers["openai-project"] == "proj-1"

    async def test_extra_headers_of_driver_and_call_are_joined(self) -> None:
        driver = {"extra_headers": {"X-Title": "driver", "X-Site": "site"}}
        headers = (await self.sent(driver, extra_headers={"X-Title": "call"})).headers
        assert headers["x-title"] == "call"
        assert headers["x-site"] == "site"


class CallOptionTests(SimpleTestCase):
    def test_unknown_option_is_refused_with_a_hint(self) -> None:
        with self.assertRaises(InvalidRequest) as caught:
            openai_driver(None).require_options({"temprature": 1})
        assert str(caught.exception) == (
            "OpenAIDriver has no option 'temprature'. Did you mean 'temperature'? Known: "
            "extra_body, extra_headers, max_tokens, model, reasoning_effort, seed, stop, "
            "temperature, top_p."
        )

    def test_every_option_of_a_call_is_known(self) -> None:
        openai_driver(None).require_options([*OPTIONS, "extra_body", "extra_headers"])


MODELS = {
    "gpt-4.1-mini": False,
    "gpt-4o": False,
    "llama3.2": False,
    "openai/gpt-4o": False,
    "my-o1-mini": False,
    "not-gpt-5": False,
    "o1": True,
    "o3": True,
    "o4-mini": True,
    "gpt-5": True,
    "gpt-5.1-codex": True,
    "openai/o3": True,
}
LIMITS = ("max_completion_tokens", "max_tokens")
OPTIONS: dict[str, Any] = {
    "model": "gpt-4o",
    "temperature": 0.2,
    "max_tokens": 17,
    "top_p": 0.5,
    "stop": ["\n\n", "END"],
    "seed": 42,
    "reasoning_effort": "low",
}
OTHER: dict[str, Any] = {
    "model": "gpt-4",
    "temperature": 0.9,
    "max_tokens": 99,
    "top_p": 0.9,
    "stop": ["other"],
    "seed": 1,
    "reasoning_effort": "high",
}
