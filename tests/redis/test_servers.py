"""Views without any table on several workers: whoever comes to another one goes on all the same."""

from __future__ import annotations

from mindwave_django.testing import Gate
from tests.servers.base import TWO_LINES, ServerTestCase, WithRedis
from tests.servers.client import Client
from tests.support.name_process import HEADER
from tests.support.upstream import finish, text

ATTEMPTS = 200


class Workers(WithRedis, ServerTestCase):
    def elsewhere(self, first: Client) -> Client:
        """Resume a stream in a process other than the one that began it."""
        for _ in range(ATTEMPTS):
            client = self.get(TWO_LINES, headers={"Last-Event-ID": first.last_id})
            if client.headers[HEADER] != first.headers[HEADER]:
                return client
            client.close()
        raise AssertionError("All connections went to the same worker.")

    def test_go_on_in_another_worker(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lö"), finish())
        first = self.get(f"{TWO_LINES}?prompt=Hi")
        first.read_text("Hel")
        second = self.elsewhere(first)
        first.close()
        gate.open()
        second.read_until(lambda client: "done" in client.names)
        assert second.text == "lö"
        assert len(self.upstream.requests) == 1

    def test_come_after_the_end(self) -> None:
        self.upstream.serve_only(text("Hel"), text("lö"), finish())
        first = self.get(f"{TWO_LINES}?prompt=Hi")
        first.read_until(lambda client: client.text)
        second = self.elsewhere(first)
        first.close()
        second.read_until(lambda client: "done" in client.names)
        assert first.text + second.text == "Hellö"


class UvicornTests(Workers):
    server_name = "uvicorn-4"


class UvicornWorkersTests(Workers):
    server_name = "gunicorn-uvicorn-3"


class SyncWorkersTests(Workers):
    server_name = "gunicorn-sync-2"


class ThreadedWorkersTests(Workers):
    server_name = "gunicorn-gthread-3"


del Workers
