"""A driver that cannot stream: a refusal in place of a stream, and whole answers."""

from __future__ import annotations

import json

from tests.servers.base import SHIPPED, TWO_LINES, ServerTestCase


class WholeAnswers:
    settings_module = "tests.support.settings_whole_answers"

    def test_stream_is_refused_with_501(self) -> None:
        for path in (TWO_LINES, SHIPPED):
            with self.subTest(path), self.get(f"{path}?prompt=Hello") as client:
                client.read_all()
                assert client.status == 501
                assert client.headers["Content-Type"] == "application/json"
                assert json.loads(client.body)["code"] == "streaming_not_supported"

    def test_whole_answer_is_given(self) -> None:
        client = self.get("/mindwave/generate?prompt=Hello")
        client.read_all()
        assert client.status == 200
        assert json.loads(client.body)["text"] == "all at once"


class UvicornTests(WholeAnswers, ServerTestCase):
    server_name = "uvicorn"


class GunicornGthreadTests(WholeAnswers, ServerTestCase):
    server_name = "gunicorn-gthread"
