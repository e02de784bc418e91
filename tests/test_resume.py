"""Going on with an answer: every position of a reader, and everything that is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.test import RequestFactory, override_settings
from django.utils import translation
from django.utils.translation import gettext_lazy

from mindwave_django import stream
from mindwave_django.events import ReasoningDelta
from mindwave_django.exceptions import ProviderUnavailable, StreamExpired
from mindwave_django.testing import FakeDriver, Gate, ServerSentEvent, fake_driver, parse_events
from tests.clients import Answered, WithAsyncClient, WithClient
from tests.recording import CoreTestCase, recorded_signals

URL = "/mindwave/stream/"
TEXT = "Aé€😀\nz"  # characters of one to four bytes, and a line end
# An event as (event, data, id without the stream's).
Frame = tuple[str, str, str]


def frames(answered: Answered, stream_id: str) -> list[Frame]:
    return [
        (event.event, event.data, event.id.removeprefix(stream_id)) for event in answered.events
    ]


def start_data(stream_id: str) -> str:
    return f'{{"stream":"{stream_id}","heartbeat_interval":15.0}}'


class ResumeTestCase(WithClient, CoreTestCase):
    def start(self) -> tuple[Answered, str]:
        answered = self.ask(URL, {"prompt": "Hi"})
        return answered, answered.events[0].json()["stream"]

    def resume(self, stream_id: str, position: object) -> Answered:
        return self.ask(URL, headers={"Last-Event-ID": f"{stream_id}:{position}"})


class PositionTests(ResumeTestCase):
    def test_ids_are_positions(self) -> None:
        with fake_driver(TEXT):
            answered, stream_id = self.start()
        assert frames(answered, stream_id) == [
            ("start", start_data(stream_id), ":0"),
            ("message", TEXT, f":{len(TEXT.encode())}"),
            ("done", '{"status":"complete"}', ":end"),
        ]

    def test_every_offset_gets_exactly_the_rest(self) -> None:
        with fake_driver(*TEXT) as driver:
            _, stream_id = self.start()
            for count in range(len(TEXT)):
                offset = len(TEXT[:count].encode())
                with self.subTest(offset=offset):
                    assert frames(self.resume(stream_id, offset), stream_id) == [
                        ("start", start_data(stream_id), f":{offset}"),
                        ("message", TEXT[count:], f":{len(TEXT.encode())}"),
                        ("done", '{"status":"complete"}', ":end"),
                    ]
        assert len(driver.calls) == 1

    def test_whoever_has_all_the_text_gets_the_end(self) -> None:
        with fake_driver(TEXT):
            _, stream_id = self.start()
            end = len(TEXT.encode())
            for offset in (end, end + 1, 999_999):
                with self.subTest(offset=offset):
                    found = frames(self.resume(stream_id, offset), stream_id)
                    assert found[1:] == [("done", '{"status":"complete"}', ":end")]
                    assert found[0][0] == "start"

    def test_whoever_had_the_end_is_told_to_stop(self) -> None:
        with fake_driver(TEXT) as driver:
            _, stream_id = self.start()
            for known in (stream_id, "nobody-knows-it"):
                answered = self.resume(known, "end")
                assert (answered.status, answered.body) == (204, b"")
                assert answered["Cache-Control"] == "no-store"
        assert len(driver.calls) == 1

    def test_reasoning_has_a_position_of_its_own(self) -> None:
        steps = (ReasoningDelta("Hmé"), "Hello", ReasoningDelta("So"), "!")
        with fake_driver(*steps):
            answered, stream_id = self.start()
            assert frames(answered, stream_id)[1:] == [
                ("reasoning", "Hmé", ":0.4"),
                ("message", "Hello", ":5.4"),
                ("reasoning", "So", ":5.6"),
                ("message", "!", ":6.6"),
                ("done", '{"status":"complete"}', ":end"),
            ]
            rest = frames(self.resume(stream_id, "2.4"), stream_id)
        assert rest[0][2] == ":2.4"
        assert rest[1:4] == [
            ("message", "llo", ":5.4"),
            ("reasoning", "So", ":5.6"),
            ("message", "!", ":6.6"),
        ]

    def test_failure_is_told_again(self) -> None:
        with fake_driver("Half", ProviderUnavailable()), self.assertLogs("mindwave_django"):
            answered, stream_id = self.start()
            again = self.resume(stream_id, 2)
        assert [event.data for event in again.events[1:2]] == ["lf"]
        assert again.events[-1] == answered.events[-1]
        assert again.events[-1].json()["code"] == "provider_unavailable"

    def test_query_instead_of_header(self) -> None:
        with fake_driver("Hello") as driver:
            _, stream_id = self.start()
            answered = self.ask(URL, {"prompt": "Hi", "last_event_id": f"{stream_id}:3"})
            assert answered.text == "lo"
            answered = self.ask(
                f"{URL}?last_event_id={stream_id}:1", headers={"Last-Event-ID": f"{stream_id}:3"}
            )
            assert answered.text == "lo"
        assert len(driver.calls) == 1

    def test_no_signal_is_sent_again(self) -> None:
        with fake_driver("Hello"):
            _, stream_id = self.start()
            with recorded_signals() as record:
                assert self.resume(stream_id, 0).text == "Hello"
        assert record == []


class ExpiredTests(ResumeTestCase):
    def assert_expired(self, answered: Answered, stream_id: str) -> None:
        assert answered.status == 200
        assert answered.events == [
            ServerSentEvent(
                "failed",
                '{"code":"stream_expired","message":"This answer can no longer be resumed.",'
                '"retryable":false}',
                f"{stream_id}:end",
            )
        ]

    def test_unknown(self) -> None:
        with fake_driver("No") as driver, recorded_signals() as record:
            self.assert_expired(self.resume("nobody-knows-it", 0), "nobody-knows-it")
        assert driver.calls == []
        assert record == []

    def test_malformed(self) -> None:
        with fake_driver("No") as driver:
            for value in ("rubbish", "abc:-1", "abc:0:0", "../../etc:0", "abc:0.5e1"):
                with self.subTest(value=value):
                    answered = self.ask(URL, {"prompt": "Hi", "last_event_id": value})
                    self.assert_expired(answered, "unknown")
        assert driver.calls == []

    def test_expired(self) -> None:
        with (
            override_settings(
                MINDWAVE={
                    "STREAMING": {"RETENTION": 0},
                    "CHAT": {"ACCESS": "mindwave_django.access.anyone"},
                }
            ),
            fake_driver("Hello") as driver,
        ):
            _, stream_id = self.start()
            self.assert_expired(self.resume(stream_id, 0), stream_id)
        assert len(driver.calls) == 1

    def test_text_is_in_the_language_of_the_reader(self) -> None:
        self.enterContext(translation.override("en"))  # and back to what it was
        headers = {"Last-Event-ID": "x:0", "Accept-Language": "de"}
        with mock.patch.object(StreamExpired, "message", gettext_lazy("January")):
            answered = self.ask(URL, headers=headers)
        assert answered.events[0].json()["message"] == "Januar"


class AsyncPositionTests(WithAsyncClient, PositionTests):
    pass


class AsyncExpiredTests(WithAsyncClient, ExpiredTests):
    pass


class OwnerTests(CoreTestCase):
    """Whose a stream is; users are set as a middleware of one's own would."""

    def request(self, pk: int | None, last_event_id: str = "") -> Any:
        request = RequestFactory().get("/", headers={"Last-Event-ID": last_event_id})
        if pk is not None:
            request.user = SimpleNamespace(pk=pk, is_authenticated=True)  # type: ignore[assignment]
        return request

    def read(self, pk: int | None, last_event_id: str = "") -> list[ServerSentEvent]:
        response: Any = stream("Hi").response(self.request(pk, last_event_id))
        return parse_events(response.getvalue())

    def resumed(self, driver: FakeDriver, starter: int | None, reader: int | None) -> bool:
        """Return whether `reader` gets what `starter` asked for."""
        stream_id = self.read(starter)[0].json()["stream"]
        calls = len(driver.calls)
        events = self.read(reader, f"{stream_id}:0")
        assert len(driver.calls) == calls
        if events[-1].event == "done":
            return True
        assert len(events) == 1
        assert events[0].json()["code"] == "stream_expired"
        assert events[0].id == f"{stream_id}:end"
        return False

    def test_owner_and_nobody_else(self) -> None:
        with fake_driver("Hello") as driver:
            assert self.resumed(driver, 1, 1)
            assert not self.resumed(driver, 1, 2)
            assert not self.resumed(driver, 1, None)

    def test_stream_of_nobody_belongs_to_whoever_knows_its_id(self) -> None:
        with fake_driver("Hello") as driver:
            assert self.resumed(driver, None, None)
            assert self.resumed(driver, None, 1)

    def test_foreign_reader_of_a_running_answer_gets_none_of_it(self) -> None:
        gate = Gate()
        with fake_driver("secret", gate) as driver:
            parts = iter(stream("Hi").response(self.request(1)))
            stream_id = parse_events(next(parts))[0].json()["stream"]  # type: ignore[arg-type]
            foreign: Any = iter(stream("Hi").response(self.request(2, f"{stream_id}:0")))
            (refused,) = parse_events(next(foreign))
            foreign.close()
            own = iter(stream("Hi").response(self.request(1, f"{stream_id}:0")))
            gate.open()
            assert b"secret" in b"".join(own)  # type: ignore[arg-type]
        assert (refused.event, refused.id) == ("failed", f"{stream_id}:end")
        assert len(driver.calls) == 1
