"""What the OpenAI driver makes of a good answer."""

from __future__ import annotations

import gzip

from django.test import SimpleTestCase

from mindwave_django.events import Finished, ReasoningDelta, TextDelta, Usage, UsageSource
from mindwave_django.exceptions import ProviderRejected
from tests.drivers.asking import ask, ending, joined, openai_driver
from tests.drivers.raw_upstream import RawUpstream
from tests.support.upstream import (
    HEAD,
    Hang,
    Reset,
    Status,
    Upstream,
    chunk,
    finish,
    framed,
    text,
)

REPORTED = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "prompt_tokens_details": {"cached_tokens": 16},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


class AnswerTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.upstream = self.enterContext(Upstream())
        self.driver = openai_driver(self.upstream.url)


class AnswerTests(AnswerTestCase):
    async def test_deltas_come_as_they_are_sent(self) -> None:
        opening = chunk({"role": "assistant", "content": ""})
        self.upstream.serve(opening, text("Hel"), text("lo"), finish())
        assert await ask(self.driver) == [
            TextDelta("Hel"),
            TextDelta("lo"),
            Finished("stop", None, "test-model", "chatcmpl-test"),
        ]

    async def test_finish_reason_is_the_providers(self) -> None:
        for reason in ("stop", "length", "content_filter", "some_new_one"):
            with self.subTest(reason), Upstream() as upstream:
                upstream.serve(text("x"), finish(reason))
                assert ending(await ask(openai_driver(upstream.url))).reason == reason

    async def test_reasoning_under_either_name(self) -> None:
        self.upstream.serve(
            chunk({"reasoning_content": "hm"}),
            chunk({"reasoning": "well", "content": ""}),
            text("So"),
            finish(),
        )
        events = await ask(self.driver)
        assert events[:-1] == [ReasoningDelta("hm"), ReasoningDelta("well"), TextDelta("So")]

    async def test_reasoning_and_text_in_one_delta(self) -> None:
        self.upstream.serve(chunk({"reasoning_content": "so.", "content": "Yes"}), finish())
        assert (await ask(self.driver))[:-1] == [ReasoningDelta("so."), TextDelta("Yes")]

    async def test_emoji_cut_by_the_network(self) -> None:
        event = 'data: {"choices":[{"delta":{"content":"a🌍b"}}]}\n\n'.encode()
        self.upstream.serve(*(event[i : i + 1] for i in range(len(event))), finish())
        assert joined(await ask(self.driver)) == "a🌍b"

    async def test_compressed_body(self) -> None:
        body = gzip.compress(text("Hi") + finish())
        head = HEAD + b"Content-Encoding: gzip\r\n\r\n"
        with RawUpstream(head + framed(body) + b"0\r\n\r\n") as upstream:
            assert joined(await ask(openai_driver(upstream.url))) == "Hi"


class EndTests(AnswerTestCase):
    async def test_done_without_finish_reason_is_whole(self) -> None:
        self.upstream.serve(text("Hi"), b"data: [DONE]\n\n")
        assert ending(await ask(self.driver)).reason == ""

    async def test_finish_reason_without_done_is_whole(self) -> None:
        self.upstream.serve(text("Hi"), chunk(finish_reason="stop"))
        assert ending(await ask(self.driver)).reason == "stop"

    async def test_connection_kept_open_after_done(self) -> None:
        self.upstream.serve(text("Hi"), finish(), Hang())
        assert ending(await ask(self.driver)).reason == "stop"

    async def test_what_follows_done_is_ignored(self) -> None:
        self.upstream.serve(text("Hi"), finish(), b"data: {broken\n\n")
        assert joined(await ask(self.driver)) == "Hi"

    async def test_connection_reset_after_done(self) -> None:
        self.upstream.serve(text("Hi"), finish(), Reset())
        assert ending(await ask(self.driver)).reason == "stop"

    async def test_connection_reset_after_finish_reason(self) -> None:
        self.upstream.serve(text("Hi"), chunk(finish_reason="length"), Reset())
        assert ending(await ask(self.driver)).reason == "length"


class UsageTests(AnswerTestCase):
    async def test_usage_with_details(self) -> None:
        self.upstream.serve(text("x"), finish(usage=REPORTED))
        assert ending(await ask(self.driver)).usage == Usage(20, 9, 16, 4, UsageSource.REPORTED)

    async def test_usage_without_details(self) -> None:
        self.upstream.serve(text("x"), finish(usage={"prompt_tokens": 2, "completion_tokens": 1}))
        assert ending(await ask(self.driver)).usage == Usage(2, 1, None, None)

    async def test_usage_of_every_chunk_is_the_last(self) -> None:
        first, last = ({"prompt_tokens": 2, "completion_tokens": n} for n in (1, 2))
        self.upstream.serve(
            chunk({"content": "a"}, usage=first), chunk({"content": "b"}, usage=last), finish()
        )
        assert ending(await ask(self.driver)).usage == Usage(2, 2)

    async def test_no_usage_is_unknown(self) -> None:
        self.upstream.serve(text("x"), finish())
        assert ending(await ask(self.driver)).usage is None


class IncludeUsageTests(AnswerTestCase):
    def asked(self) -> list[bool]:
        return ["stream_options" in request.body for request in self.upstream.requests]

    async def test_server_that_rejects_it_is_asked_without_it_from_then_on(self) -> None:
        for status, body in REJECTIONS:
            with self.subTest(status=status, body=body), Upstream() as self.upstream:
                self.upstream.serve(Status(status, body))
                self.upstream.serve(text("fine"), finish())
                driver = openai_driver(self.upstream.url)
                assert joined(await ask(driver)) == "fine"
                assert self.asked() == [True, False]
                assert joined(await ask(driver)) == "fine"
                assert self.asked() == [True, False, False]

    async def test_another_400_is_not_repeated(self) -> None:
        self.upstream.serve(Status(400, b'{"error":{"message":"bad temperature"}}'))
        with self.assertRaises(ProviderRejected):
            await ask(self.driver)
        assert self.asked() == [True]

    async def test_server_that_rejects_all_the_same(self) -> None:
        self.upstream.serve(Status(*REJECTIONS[0]))
        with self.assertRaisesMessage(ProviderRejected, "status=400"):
            await ask(self.driver)
        assert self.asked() == [True, False]

    async def test_not_asked_if_switched_off(self) -> None:
        self.upstream.serve(text("x"), finish())
        await ask(openai_driver(self.upstream.url, include_usage=False))
        assert self.asked() == [False]

    async def test_own_stream_options_are_left_alone(self) -> None:
        self.upstream.serve(Status(*REJECTIONS[0]))
        with self.assertRaises(ProviderRejected):
            await ask(self.driver, extra_body={"stream_options": {"include_usage": False}})
        (request,) = self.upstream.requests
        assert request.body["stream_options"] == {"include_usage": False}


REJECTIONS = (
    (400, b'{"error":{"message":"Unrecognized request argument: stream_options"}}'),
    (400, b'{"error":{"message":"unknown field","param":"stream_options"}}'),
    (422, b'{"detail":[{"loc":["body","stream_options"],"msg":"extra inputs"}]}'),
    (400, b'{"error":"stream_options is not supported"}'),
)
