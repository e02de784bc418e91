"""Every fault of a provider, through the whole stack: one ending, the right code, no secret."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.test import TestCase, override_settings

from chat.models import ChatMessage
from mindwave_django import llm
from mindwave_django.exceptions import MindwaveError
from mindwave_django.signals import (
    StreamEnded,
    stream_cancelled,
    stream_completed,
    stream_failed,
)
from mindwave_django.testing import ServerSentEvent, parse_events, text_of
from tests.drivers import faults
from tests.drivers.asking import KEY
from tests.drivers.faults import ECHO, PROMPT, Fault
from tests.drivers.raw_upstream import DrippingUpstream, RawUpstream
from tests.support.processes import free_port
from tests.support.upstream import Upstream

SECRETS = (KEY, PROMPT)


class Records(logging.Handler):
    """Keeps everything that anybody logs at INFO or above."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def everything(self) -> str:
        """Return all that could be read from the records in any format."""
        lines = [self.format(record) for record in self.records]
        return "\n".join((*lines, *(repr(vars(record)) for record in self.records)))


@contextmanager
def recorded() -> Iterator[Records]:
    """Record what is logged, here and by the packages below, and print none of it."""
    records = Records()
    with ExitStack() as stack:
        root = logging.getLogger()
        stack.enter_context(mock.patch.object(root, "handlers", [records]))
        for name in ("", "mindwave_django", "openai", "httpx2", "aiohttp", "asyncio"):
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.INFO)
        own = logging.getLogger("mindwave_django")
        stack.enter_context(mock.patch.object(own, "handlers", []))
        yield records


@contextmanager
def asking(url: str, log_content: bool = False, **streaming: float) -> Iterator[None]:
    """Make the default driver ask the server at `url`."""
    driver = {
        "BACKEND": "mindwave_django.drivers.openai.OpenAIDriver",
        "OPTIONS": {"api_key": KEY, "base_url": url, "max_retries": 0},
    }
    chat = {"ACCESS": "mindwave_django.access.anyone"}
    changed: dict[str, Any] = {"DRIVERS": {"default": driver}, "STREAMING": streaming, "CHAT": chat}
    with override_settings(MINDWAVE=changed | {"LOG_CONTENT": log_content}):
        yield


class FaultTestCase(TestCase):
    def setUp(self) -> None:
        self.ended: list[StreamEnded] = []
        for signal in (stream_completed, stream_failed, stream_cancelled):
            signal.connect(self.note)
            self.addCleanup(signal.disconnect, self.note)

    def note(self, event: StreamEnded, **kwargs: Any) -> None:
        self.ended.append(event)

    def read(self) -> list[ServerSentEvent]:
        response = self.client.get("/api/chat/stream", {"prompt": PROMPT})
        assert response.status_code == 200
        body = response.getvalue()
        for secret in SECRETS:
            assert secret.encode() not in body
            assert secret not in str(response.headers)
        return parse_events(body)

    def check(self, url: str, fault: Fault, **streaming: float) -> None:
        self.ended.clear()
        with asking(url, **streaming), recorded() as records:
            events = self.read()
        self.check_events(events, fault)
        (ended,) = self.ended
        assert (ended.outcome, ended.code, ended.text) == ("failed", fault.code, fault.text)
        assert ChatMessage.objects.get(stream_id=ended.stream_id).answer == fault.text
        self.check_logs(records, fault)

    def check_events(self, events: list[ServerSentEvent], fault: Fault) -> None:
        assert [event for event in events if event.event in {"done", "failed"}] == events[-1:]
        assert text_of(events) == fault.text
        told = events[-1].json()
        assert events[-1].event == "failed"
        assert (told["code"], told["retryable"]) == (fault.code, fault.retryable)
        assert told.get("retry_after") in (fault.retry_after or {None})

    def check_logs(self, records: Records, fault: Fault) -> None:
        everything = records.everything()
        for secret in SECRETS:
            assert secret not in everything
        errors = [record for record in records.records if record.levelno >= logging.WARNING]
        if fault.code != "timeout":
            assert len(errors) == 1, [record.getMessage() for record in errors]
            record = errors[0]
            assert record.name == "mindwave_django"
            assert "driver 'default' failed: " in record.getMessage()
            assert fault.logged in record.getMessage()
        assert f"failed ({fault.code})" in everything

    def check_all(self, table: Mapping[str, Fault], **streaming: float) -> None:
        for name, fault in table.items():
            with self.subTest(name):
                if isinstance(fault.answer, bytes):
                    upstream: Upstream = RawUpstream(fault.answer)
                else:
                    upstream = Upstream()
                    upstream.serve(*fault.answer)
                with upstream:
                    self.check(upstream.url, fault, **streaming)


class FaultTests(FaultTestCase):
    def test_statuses(self) -> None:
        self.check_all(faults.STATUSES)

    def test_streams(self) -> None:
        with mock.patch("mindwave_django.drivers.sse.MAX_EVENT_BYTES", faults.LIMIT):
            self.check_all(faults.STREAMS)

    def test_connections(self) -> None:
        self.check_all(faults.CONNECTIONS)

    def test_silence(self) -> None:
        self.check_all(faults.SILENCES, FIRST_TOKEN_TIMEOUT=0.3, IDLE_TIMEOUT=0.3)

    def test_silence_that_is_longer_for_the_first_token(self) -> None:
        fault = faults.SILENCES["silence before the first token"]
        self.check_all({"first token": fault}, FIRST_TOKEN_TIMEOUT=0.3)
        fault = faults.SILENCES["silence in the middle"]
        self.check_all({"idle": fault}, IDLE_TIMEOUT=0.3)

    def test_comments_are_no_sign_of_an_answer(self) -> None:
        fault = Fault((), "timeout", True, "")
        with DrippingUpstream(b": still here\n\n", times=200) as upstream:
            self.check(upstream.url, fault, FIRST_TOKEN_TIMEOUT=0.3)

    def test_nobody_listens(self) -> None:
        fault = Fault((), *faults.UNAVAILABLE, "ConnectionRefusedError")
        self.check(f"http://127.0.0.1:{free_port()}/v1", fault)

    def test_no_such_host(self) -> None:
        fault = Fault((), *faults.UNAVAILABLE, "cannot be reached")
        failing = mock.patch("aiohttp.TCPConnector._resolve_host", side_effect=OSError("unknown"))
        with failing:
            self.check("http://provider.invalid/v1", fault)


class DetailTests(FaultTestCase):
    def test_providers_words_are_logged_if_the_project_wants_them(self) -> None:
        with Upstream() as upstream:
            upstream.serve(*faults.status(401))
            with asking(upstream.url, log_content=True), recorded() as records:
                self.read()
        assert f"status=401 ({ECHO.replace(KEY, '<key>')})" in records.everything()
        assert KEY not in records.everything()

    def test_error_raised_by_llm_shows_no_secret_in_its_traceback(self) -> None:
        for name, fault in (faults.STATUSES | faults.CONNECTIONS).items():
            with self.subTest(name), self.assertRaises(MindwaveError) as caught:
                raw = isinstance(fault.answer, bytes)
                upstream = RawUpstream(fault.answer) if raw else Upstream()
                upstream.serve(*(() if raw else fault.answer))
                with upstream, asking(upstream.url), recorded():
                    llm().generate(PROMPT)
            assert caught.exception.code == fault.code
            shown = "".join(traceback.format_exception(caught.exception))
            for secret in SECRETS:
                assert secret not in shown
