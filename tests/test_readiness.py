from __future__ import annotations

from django.test import SimpleTestCase

from mindwave_django.testing import fake_driver, parse_events, text_of


class FakeDriverTests(SimpleTestCase):
    def test_sync_client_reads_the_whole_answer(self) -> None:
        with fake_driver("Hello", " world") as driver:
            response = self.client.get("/api/chat/stream?prompt=Hi")
            assert text_of(parse_events(response.getvalue())) == "Hello world"
        assert driver.calls[0].messages[-1].content == "Hi"
