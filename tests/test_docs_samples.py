"""The documentation's code samples compile, and do what the page says."""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.core.checks import Error
from django.test import AsyncRequestFactory, SimpleTestCase, TestCase, override_settings
from django.urls import resolve

from chat.models import ChatMessage
from chat.receivers import save_chat_message
from mindwave_django import llm, stream
from mindwave_django.checks import check_settings
from mindwave_django.signals import ENDING_SIGNALS
from mindwave_django.testing import Gate, fake_driver, parse_events, text_of
from tests.pages import DOCS, PAGES, ROOT, Sample, rows, run, sample, samples, section

# The samples that are tests themselves run as tests of this module.
for _sample in samples(DOCS / "testing.md", "python"):
    if "TestCase" in _sample.code:
        globals().update(
            (name, value)
            for name, value in run(_sample, __name__).items()
            if name.endswith("Tests")
        )

ShoutDriver: Any = run(sample("drivers/own.md", "class ShoutDriver(Driver)"), __name__)[
    "ShoutDriver"
]
WholeDriver: Any = run(sample("drivers/own.md", "class WholeDriver"), __name__)["WholeDriver"]


def mindwave(backend: str, **options: Any) -> override_settings:
    driver = {"BACKEND": f"{__name__}.{backend}", "OPTIONS": options}
    return override_settings(MINDWAVE={"DRIVERS": {"default": driver}})


async def body_of(response: Any) -> bytes:
    return b"".join([part async for part in response])


class CompileTests(SimpleTestCase):
    def test_python(self) -> None:
        for page in PAGES:
            for found in samples(page, "python"):
                with self.subTest(page=page.name, line=found.line):
                    compile(found.code, f"{page.name}:{found.line}", "exec")

    def test_samples_listen_to_events_that_exist(self) -> None:
        events = rows(section("wire-format.md", "Events")).keys()
        scripts = [s.code for page in PAGES for kind in ("js", "html") for s in samples(page, kind)]
        names = set(re.findall(r'source\.addEventListener\("(\w+)"', "".join(scripts)))
        assert names == {"message", "progress", "done", "failed"} & events


class SettingsSampleTests(SimpleTestCase):
    def settings_samples(self) -> Iterator[Sample]:
        # Guides change settings that are there already; tests.guides does what they say.
        for page in PAGES:
            if page.name not in {"quickstart.md", "tutorial.md"}:
                yield from (s for s in samples(page, "python") if "MINDWAVE =" in s.code)

    def test_checks_find_nothing_wrong(self) -> None:
        project = ModuleType("myproject")
        access, chat = ModuleType("myproject.access"), ModuleType("myproject.chat")
        vars(access).update(run(sample("settings.md", "def customers")))
        vars(chat).update(run(sample("chat.md", "async def title")))
        vars(chat).update(run(sample("saving.md", "class IndexingRecorder")))
        modules = {"myproject": project, "myproject.access": access, "myproject.chat": chat}
        for found in self.settings_samples():
            settings = run(found)["MINDWAVE"]
            with (
                self.subTest(page=found.page.name, line=found.line),
                patch.dict(sys.modules, modules),
                override_settings(MINDWAVE=settings),
            ):
                errors = [m for m in check_settings(None) if isinstance(m, Error)]
                assert not errors, errors

    def test_fake_driver_in_the_settings(self) -> None:
        with override_settings(**_upper(run(sample("testing.md", '"replies"')))):
            assert [llm().generate("Hi").text for _ in range(2)] == ["Hello", "One two"]


def _upper(namespace: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in namespace.items() if name.isupper()}


class ViewSampleTests(TestCase):
    async def ask(self, view: Any, **headers: str) -> bytes:
        request = AsyncRequestFactory().get("/?prompt=Hi", headers=headers)
        return await body_of(await view(request))

    async def test_two_lines(self) -> None:
        for page in (ROOT / "README.md", DOCS / "streaming.md"):
            [found] = [s for s in samples(page, "python") if "async def chat" in s.code]
            with fake_driver("Hello") as driver:
                assert text_of(parse_events(await self.ask(run(found)["chat"]))) == "Hello"
            assert driver.calls[0].messages[-1].content == "Hi"

    async def test_messages_options_and_headers(self) -> None:
        view = run(sample("streaming.md", "def haiku"))["haiku"]
        with fake_driver("An old silent pond") as driver:
            response = await view(AsyncRequestFactory().get("/?prompt=Hi"))
            await body_of(response)
        assert response["X-Request-ID"] == "42"
        assert [m.role.value for m in driver.calls[0].messages] == ["system", "user"]
        assert driver.calls[0].options == {"temperature": 1.2, "max_tokens": 100}

    async def test_on_chunk(self) -> None:
        namespace = run(sample("streaming.md", "on_chunk=pieces.append"))
        with fake_driver("Hello", " world"):
            await self.ask(namespace["counted"])
        assert namespace["pieces"] == ["Hello", " world"]

    async def test_resume_before_the_body_is_read(self) -> None:
        view = run(sample("streaming.md", "def careful"))["careful"]
        with fake_driver("Hello") as driver:
            events = parse_events(await self.ask(view, **{"Last-Event-ID": "unknown:0"}))
            assert events[-1].json()["code"] == "stream_expired"
            assert not driver.calls
            request = AsyncRequestFactory().post("/", {"prompt": "Posted"})
            await body_of(await view(request))
        assert driver.calls[0].messages[-1].content == "Posted"


class LLMSampleTests(TestCase):
    def test_sync(self) -> None:
        output = io.StringIO()
        with fake_driver("Hello", " world") as driver, redirect_stdout(output):
            run(sample("streaming.md", "llm().generate"))
        assert output.getvalue() == "Hello world\nHello world"
        assert driver.calls[1].options == {"temperature": 0}

    async def test_async(self) -> None:
        namespace = run(sample("streaming.md", "llm().astream"))
        with fake_driver("One\nTwo"):
            assert await namespace["first_line"]("Hi") == "One"
            assert await namespace["whole"]("Hi") == "One\nTwo"


class WholeAnswerSampleTests(TestCase):
    def test_label(self) -> None:
        label = run(sample("when-to-stream.md", "def label"))["label"]
        with fake_driver(" Bug\n") as driver:
            assert label(SimpleNamespace(text="It broke.")) == "bug"
        assert driver.calls[0].options == {"temperature": 0, "max_tokens": 5}

    async def test_so_many_at_once(self) -> None:
        summaries = run(sample("when-to-stream.md", "async def summaries"))["summaries"]
        gate = Gate()
        with fake_driver(gate, "Short.") as driver:
            asked = asyncio.ensure_future(summaries(["One", "Two", "Three"], at_once=2))
            while len(driver.calls) < 2:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(driver.calls) == 2
            gate.open()
            assert await asked == ["Short."] * 3
        assert [call.messages[-1].content[-3:] for call in driver.calls] == ["One", "Two", "ree"]


class DriverSampleTests(TestCase):
    def test_own_driver_takes_its_options(self) -> None:
        with mindwave("ShoutDriver", mark="?"):
            assert llm().generate("hi there").text == "HI? THERE? "

    def test_test_of_the_own_driver(self) -> None:
        case = run(sample("drivers/own.md", "class ShoutDriverTests"))["ShoutDriverTests"]
        project, module = ModuleType("myproject"), ModuleType("myproject.drivers")
        vars(module).update(ShoutDriver=ShoutDriver)
        with patch.dict(sys.modules, {"myproject": project, "myproject.drivers": module}):
            result = case("test_words_are_shouted").run()
        assert result.testsRun == 1
        assert result.wasSuccessful(), result.errors + result.failures

    async def test_driver_that_cannot_stream(self) -> None:
        with mindwave("WholeDriver"):
            request = AsyncRequestFactory().get("/")
            response = stream("Hi").response(request)
            assert response.status_code == 501
            assert (await llm().agenerate("Hi")).text == "The whole answer."

    def test_warm_up(self) -> None:
        with fake_driver() as driver, patch.object(driver, "warm", wraps=driver.warm) as warm:
            run(sample("drivers/openai.md", ".warm)()"))
        warm.assert_awaited_once()


@contextmanager
def without_the_receiver_of_the_example() -> Iterator[None]:
    for signal in ENDING_SIGNALS.values():
        signal.disconnect(save_chat_message)
    try:
        yield
    finally:
        for signal in ENDING_SIGNALS.values():
            signal.connect(save_chat_message)


class SignalSampleTests(TestCase):
    def test_receiver_saves_the_answer(self) -> None:
        with without_the_receiver_of_the_example(), fake_driver("Hello"):
            receiver = run(sample("saving.md", "@receiver"))["save_chat_message"]
            try:
                llm().generate("Hi")
            finally:
                for signal in ENDING_SIGNALS.values():
                    assert signal.disconnect(receiver)
        saved = ChatMessage.objects.get()
        assert (saved.prompt, saved.answer, saved.outcome) == ("Hi", "Hello", "completed")


class CurlTests(SimpleTestCase):
    def test_address_in_the_readme_leads_to_the_view(self) -> None:
        text = (ROOT / "README.md").read_text()
        found = re.findall(r"(/mindwave/[\w/]+)\?", text)
        assert len(found) == 2
        assert {resolve(path).func.__name__ for path in found} == {"stream"}
