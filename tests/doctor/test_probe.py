"""The probe: who may have one, what it says, and that nothing of it is kept."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from unittest import mock

from django.conf import settings
from django.core import signing
from django.test import override_settings

from mindwave_django.probe import MAX_AGE, SALT, Plan
from tests.clients import WithAsyncClient, WithClient
from tests.doctor.probing import BOTH, PROBE, ProbeTestCase
from tests.recording import recorded_signals

ON = override_settings(MINDWAVE={"PROBE": True})
BEATING = override_settings(MINDWAVE={"PROBE": True, "STREAMING": {"HEARTBEAT_INTERVAL": 0.01}})
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


class AccessTests(WithClient, ProbeTestCase):
    def refused(self, token: str | None) -> set[tuple[int, str]]:
        data = {} if token is None else {"plan": token}
        answers = [self.ask(path, data) for path in BOTH]
        return {(answer.status, answer.json["code"]) for answer in answers}

    def test_off(self) -> None:
        assert self.refused(Plan().signed()) == {(404, "not_found")}
        assert self.refused(None) == {(404, "not_found")}

    @ON
    def test_no_plan(self) -> None:
        for token in (None, "", "plan", "a:b:c", "\0", "ü:ü:ü"):
            with self.subTest(token):
                assert self.refused(token) == {(403, "permission_denied")}

    @ON
    def test_plan_that_was_changed(self) -> None:
        token = Plan(pieces=2).signed()
        for index in (0, token.index(":") + 1, len(token) - 1):
            other = "A" if token[index] != "A" else "B"
            changed = token[:index] + other + token[index + 1 :]
            with self.subTest(changed):
                assert self.refused(changed) == {(403, "permission_denied")}

    @ON
    def test_other_key(self) -> None:
        with override_settings(SECRET_KEY="another"):
            token = Plan().signed()
            assert {self.ask(path, {"plan": token}).status for path in BOTH} == {200}
        assert self.refused(token) == {(403, "permission_denied")}

    @ON
    def test_signed_for_something_else(self) -> None:
        assert self.refused(signing.dumps({"pieces": 1})) == {(403, "permission_denied")}
        for said in ([], "plan", {"pieces": "many"}, {"probe_id": None}):
            token = signing.dumps(said, salt=SALT)
            with self.subTest(said):
                assert self.refused(token) == {(403, "permission_denied")}

    @ON
    def test_age(self) -> None:
        with mock.patch("django.core.signing.time.time", return_value=1_000_000_000):
            token = Plan().signed()
        with mock.patch("django.core.signing.time.time", return_value=1_000_000_000 + MAX_AGE):
            assert {self.ask(path, {"plan": token}).status for path in BOTH} == {200}
        with mock.patch("django.core.signing.time.time", return_value=1_000_000_001 + MAX_AGE):
            assert self.refused(token) == {(403, "permission_denied")}

    @ON
    def test_nothing_but_get(self) -> None:
        for path in BOTH:
            for method in ("post", "put", "patch", "delete", "head", "options"):
                answer = self.ask(f"{path}?plan={Plan().signed()}", method=method)
                with self.subTest(path=path, method=method):
                    assert (answer.status, answer["Allow"]) == (405, "GET")

    @ON
    @override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, LOGIN_REQUIRED])
    def test_site_that_wants_everybody_to_log_in(self) -> None:
        assert self.ask("/plain/").status == 302
        for path in BOTH:
            assert self.ask(path, {"plan": Plan().signed()}).status == 200


class AsyncAccessTests(WithAsyncClient, AccessTests):
    pass


@ON
class PieceTests(WithClient, ProbeTestCase):
    def test_pieces(self) -> None:
        plan = Plan(pieces=4, interval=0.02)
        answer = self.probe(plan)
        assert answer.status == 200
        names = [event.event for event in answer.events]
        assert names == ["start", *["message"] * 4, "done"]
        times = [float(word) for word in answer.text.split()]
        assert times[0] == 0
        # Each waits for the one before, so they can be late and never early.
        assert all(b - a >= 0.018 for a, b in pairwise(times)), times

    def test_one_piece_is_the_usual(self) -> None:
        answer = self.probe(Plan())
        assert [event.event for event in answer.events] == ["start", "message", "done"]

    def test_silence(self) -> None:
        with BEATING:
            answer = self.probe(Plan(silence=0.1))
        names = [event.event for event in answer.events]
        assert names[:2] == ["start", "message"]
        assert names[-2:] == ["message", "done"]
        assert set(names[2:-2]) == {"heartbeat"}
        assert float(answer.text.split()[1]) >= 0.098

    def test_seconds_of_a_plan(self) -> None:
        assert Plan().seconds == 0
        assert Plan(pieces=5, interval=0.5, silence=3).seconds == 5

    def test_each_plan_has_an_id_of_its_own_which_the_stream_bears(self) -> None:
        one, other = Plan(), Plan()
        assert one.probe_id != other.probe_id
        assert {event.id.partition(":")[0] for event in self.probe(one).events} == {one.probe_id}

    def test_headers_are_those_of_every_stream(self) -> None:
        answer = self.probe(Plan())
        assert answer["Content-Type"] == "text/event-stream"
        assert answer["Cache-Control"] == "no-cache"
        assert answer["X-Accel-Buffering"] == "no"
        assert answer["Content-Encoding"] == "identity"

    def test_nobody_hears_of_it(self) -> None:
        # That no row is written is what the test case sees to.
        with recorded_signals() as signals, mock.patch("mindwave_django.metrics.instruments") as it:
            self.probe(Plan(pieces=2))
        assert (signals, it.mock_calls) == ([], [])

    def test_refusal_is_counted_as_any(self) -> None:
        with mock.patch("mindwave_django.metrics.instruments") as it:
            self.ask(PROBE)
        it().refused.add.assert_called_once()

    def test_last_event_id_resumes_nothing(self) -> None:
        plan = Plan()
        answer = self.probe(plan, headers={"Last-Event-ID": f"{plan.probe_id}:end"})
        assert [event.event for event in answer.events] == ["start", "message", "done"]


class AsyncPieceTests(WithAsyncClient, PieceTests):
    pass


class UnreadTests(ProbeTestCase):
    @ON
    def test_response_that_nobody_reads_begins_nothing(self) -> None:
        with mock.patch("mindwave_django.probe.Probe._begin") as begin:
            with closing(self.client.get(PROBE, {"plan": Plan().signed()})) as response:
                assert response.status_code == 200
            begin.assert_not_called()
