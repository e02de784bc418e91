"""What the application says of a probe: how it ended, and how the request came."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django.doctor.network import TOLD
from mindwave_django.probe import Plan, ending_of, read_plan
from mindwave_django.views.probe import TELLING
from tests.clients import WithAsyncClient, WithClient
from tests.doctor.probing import PROBE, REPORT, ProbeTestCase
from tests.recording import until
from tests.streaming.asgi_client import ASGIClient
from tests.streaming.outside import comes_true
from tests.streaming.test_lifetime_wsgi import answering, in_a_server_thread, read_until

ON = override_settings(MINDWAVE={"PROBE": True, "STREAMING": {"HEARTBEAT_INTERVAL": 0.02}})
SECRETS = {
    "cookie": "sessionid=very-secret",
    "authorization": "Bearer very-secret",
    "x-api-key": "very-secret",
    "referer": "https://example.com/?very-secret",
    "user-agent": "very-secret",
}


@ON
class EndingTests(WithClient, ProbeTestCase):
    def ended(self, plan: Plan) -> dict[str, Any]:
        """Return how the application says that it ended, once it does: it writes in a thread."""
        assert comes_true(lambda: ending_of(plan.probe_id) is not None)
        found: dict[str, Any] = self.report(plan)["ending"]
        return found

    def test_before(self) -> None:
        assert self.report(Plan())["ending"] is None

    def test_after_the_end(self) -> None:
        plan = Plan(pieces=2, interval=0.02)
        self.probe(plan)
        ending = self.ended(plan)
        assert ending["complete"] is True
        assert ending["after"] >= 0.02
        assert self.report(Plan())["ending"] is None  # of another probe

    def test_may_not_be_stored(self) -> None:
        answer = self.ask(REPORT, {"plan": Plan().signed()})
        assert answer["Cache-Control"] == "no-store"

    def test_cache_that_cannot_be_written(self) -> None:
        plan = Plan()
        secret = ConnectionError("redis://:very-secret@cache")
        with (
            mock.patch("mindwave_django.probe.cache", **{"set.side_effect": secret}),
            self.assertLogs("mindwave_django") as logs,
        ):
            assert self.probe(plan).events[-1].event == "done"
            assert comes_true(lambda: bool(logs.output))
        assert logs.output == [
            f"WARNING:mindwave_django:Probe {plan.probe_id}: the cache is down: ConnectionError"
        ]

    def test_cache_that_cannot_be_read(self) -> None:
        plan = Plan()
        secret = ConnectionError("redis://:very-secret@cache")
        with (
            mock.patch("mindwave_django.probe.cache", **{"get.side_effect": secret}),
            self.assertLogs("mindwave_django") as logs,
        ):
            assert self.report(plan)["ending"] is None
        assert logs.output == [
            f"WARNING:mindwave_django:Probe {plan.probe_id}: the cache is down: ConnectionError"
        ]

    def test_process_that_is_exiting(self) -> None:
        exiting = RuntimeError("cannot schedule new futures")
        with mock.patch("mindwave_django.probe.submit", side_effect=exiting) as submit:
            assert self.probe(Plan()).events[-1].event == "done"
            assert comes_true(lambda: submit.called)


class AsyncEndingTests(WithAsyncClient, EndingTests):
    pass


@ON
class LeavingTests(ProbeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.plan = Plan(silence=60)

    def left_early(self) -> bool:
        assert comes_true(lambda: ending_of(self.plan.probe_id) is not None)
        ending = ending_of(self.plan.probe_id)
        return ending is not None and not ending.complete and ending.after < 60

    def runs(self) -> bool:
        return any(self.plan.probe_id in task.get_name() for task in asyncio.all_tasks())

    async def leave(self) -> None:
        client = ASGIClient(PROBE, f"plan={self.plan.signed()}")
        client.start()
        await client.until(lambda: b"event: message" in client.body)
        assert ending_of(self.plan.probe_id) is None
        assert self.runs()
        client.leave()
        await client.finished()
        await until(lambda: not self.runs())

    async def test_asgi(self) -> None:
        await self.leave()
        assert self.left_early()

    def test_wsgi(self) -> None:
        def leave() -> None:
            query = f"plan={self.plan.signed()}"
            with answering(PATH_INFO=PROBE, QUERY_STRING=query) as response:
                parts = iter(response)  # which leaves as soon as nobody holds it
                read_until(parts, b"event: message")
                assert ending_of(self.plan.probe_id) is None

        in_a_server_thread(leave)
        assert self.left_early()


@ON
class ArrivalTests(WithClient, ProbeTestCase):
    interface = "WSGI"

    def test_says_all_that_the_doctor_wants_to_know(self) -> None:
        assert self.report(Plan()).keys() >= TOLD

    def test_how_it_came(self) -> None:
        said = self.report(Plan())
        assert said["interface"] == self.interface
        assert said["protocol"] == "HTTP/1.1"
        assert said["is_secure"] is False
        assert said["client_ip"] == "127.0.0.1"
        assert said["heartbeat_interval"] == 0.02
        assert self.report(Plan(), secure=True)["is_secure"] is True

    def test_headers_of_proxies(self) -> None:
        told = {name: f"of-{name}" for name in TELLING}
        headers = self.report(Plan(), headers=told)["headers"]
        assert headers == told
        assert self.report(Plan())["headers"] == {}

    def test_nothing_that_a_visitor_has_typed(self) -> None:
        token = Plan().signed()
        answer = self.ask(REPORT, {"plan": token, "prompt": "very-secret"}, headers=SECRETS)
        assert answer.status == 200
        assert b"secret" not in answer.body
        assert token.encode() not in answer.body


class AsyncArrivalTests(WithAsyncClient, ArrivalTests):
    interface = "ASGI"


@ON
class ServerTests(ProbeTestCase):
    def said(self, client: Any, **extra: Any) -> Any:
        return client.get(REPORT, {"plan": Plan().signed()}, **extra).json()

    def test_named_by_itself(self) -> None:
        said = self.said(self.client, SERVER_SOFTWARE="gunicorn/23.0.0")
        assert said["server"] == "gunicorn/23.0.0"

    def test_one_request_at_a_time(self) -> None:
        for at_once in (True, False):
            said = self.said(self.client, **{"wsgi.multithread": at_once})
            assert said["serves_one_at_a_time"] is not at_once

    async def test_named_by_how_it_was_started(self) -> None:
        for program, name in (
            ("/srv/venv/bin/uvicorn", "uvicorn"),
            ("/srv/venv/lib/hypercorn/__main__.py", "hypercorn"),
            ("", ""),
        ):
            with mock.patch("sys.argv", [program]), self.subTest(program):
                response = await self.async_client.get(REPORT, {"plan": Plan().signed()})
                assert response.json()["server"] == name


class PlanTests(SimpleTestCase):
    def test_plan_comes_back_as_it_was(self) -> None:
        plan = Plan(pieces=3, interval=0.5, silence=2)
        assert read_plan(plan.signed()) == plan
