"""FLUSH_INTERVAL: tokens wait for each other, the end waits for nobody."""

from __future__ import annotations

from mindwave_django.testing import Gate
from tests.servers.base import TWO_LINES, ServerTestCase, gated
from tests.servers.client import LIMIT, Client
from tests.support.upstream import finish, text

TOKENS = [f" token{number}" for number in range(21)]
NO_HEARTBEAT = {"MINDWAVE_HEARTBEAT_INTERVAL": "3600"}  # it would take waiting text along


class ShortInterval:
    env = {"MINDWAVE_STREAM_FLUSH_INTERVAL": "0.2", **NO_HEARTBEAT}

    def test_burst_is_flushed_while_answer_runs(self) -> None:
        burst, end = Gate(), Gate()
        self.upstream.serve_only(
            text(TOKENS[0]), burst, b"".join(map(text, TOKENS[1:])), end, finish()
        )
        client = self.get(f"{TWO_LINES}?prompt=Hello")
        client.read_text(TOKENS[0])
        burst.open()
        client.read_text("".join(TOKENS))
        # The burst is one write; were it torn on the way, there would be a few portions, not 20.
        assert client.names.count("message") < len(TOKENS) / 2
        assert client.names[-1] == "message"
        end.open()
        client.read_all()
        assert client.text == "".join(TOKENS)
        assert client.names[-1] == "done"


class EndlessInterval:
    """Longer than the test, so that only the end can end it."""

    env = {"MINDWAVE_STREAM_FLUSH_INTERVAL": "3600", **NO_HEARTBEAT}

    def test_tokens_between_two_flushes_are_one_event(self) -> None:
        gates = [Gate() for _ in TOKENS]
        self.upstream.serve_only(*gated(TOKENS, gates))
        client = self.get(f"{TWO_LINES}?prompt=Hello")
        client.read_text(TOKENS[0])
        for index, gate in enumerate(gates[:-1], 1):
            gate.open()
            assert gates[index].reached.wait(LIMIT)
            self.wait_until_taken("".join(TOKENS[: index + 1]), client)
        gates[-1].open()
        client.read_all()
        assert client.text == "".join(TOKENS)
        assert client.names == ["start", "message", "message", "done"]
        assert len(self.upstream.requests) == 1

    def wait_until_taken(self, expected: str, client: Client) -> None:
        """Wait until the server is known to have this text, and so to have woken its readers."""


class NewcomersSee:
    def wait_until_taken(self, expected: str, client: Client) -> None:
        """Join the stream, again and again, as a newcomer gets at once what there is."""
        path, beginning = f"{TWO_LINES}?prompt=Hello", {"Last-Event-ID": f"{client.stream_id}:0"}
        seen = ""
        while seen != expected:
            with Client(self.server, path, headers=beginning) as newcomer:
                newcomer.read_until(lambda c: c.text)
                seen = newcomer.text
            assert expected.startswith(seen)


class UvicornShortTests(ShortInterval, ServerTestCase):
    server_name = "uvicorn"


class UvicornEndlessTests(NewcomersSee, EndlessInterval, ServerTestCase):
    server_name = "uvicorn"


class GunicornGthreadShortTests(ShortInterval, ServerTestCase):
    server_name = "gunicorn-gthread"


# No newcomers: without heartbeats, those who left would keep its eight threads.
class GunicornGthreadEndlessTests(EndlessInterval, ServerTestCase):
    server_name = "gunicorn-gthread"
