"""How far an answer is: what is counted, what it may cost, and when a reader is told."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django import pricing, tokens
from mindwave_django.drivers.openai import OpenAIDriver
from mindwave_django.events import Ended, Finished, Outcome, ReasoningDelta, Usage
from mindwave_django.messages import Message, Role
from mindwave_django.streaming import progress
from mindwave_django.streaming.answer import Answer, Piece, Position
from mindwave_django.streaming.follow import HEARTBEAT, Follower
from mindwave_django.streaming.log import MemoryLog
from mindwave_django.streaming.progress import PROGRESS_INTERVAL, Gauge, Progress
from mindwave_django.testing import FakeDriver, Gate
from tests.streaming.support import call_to, generation_of, hearing, read, until
from tests.streaming.test_follow import step, texts

COMPLETED = Ended(Outcome.COMPLETED)
FIGURES = Progress(42, 18.5, 2.0, Decimal("0.0012"))
PRICES = {"PRICING": {"fake-*": {"input": 1, "output": 10, "per": 10}}}


class GaugeTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        clock = SimpleNamespace(monotonic=lambda: self.now)
        self.enterContext(mock.patch.object(progress, "time", clock))
        self.gauge = Gauge(call_to(FakeDriver()))

    def read(self) -> Progress:
        figures = self.gauge.read()
        assert figures is not None
        return figures

    def count(self, tokens: int, *, is_text: bool = True) -> None:
        for _ in range(tokens):
            self.gauge.count(is_text=is_text)

    def test_nothing_before_the_first_token(self) -> None:
        assert self.gauge.read() is None
        self.gauge.end(COMPLETED)
        assert self.gauge.read() is None

    def test_rate_is_since_the_first_token_and_elapsed_since_the_question(self) -> None:
        self.now += 3
        self.count(1)
        self.now += 2
        self.count(9)
        assert self.read() == Progress(10, 5.0, 5.0)

    def test_no_rate_in_the_first_half_second(self) -> None:
        self.count(300)
        self.now += 0.4
        assert self.read().tokens_per_second is None
        self.now += 0.1
        assert self.read().tokens_per_second is not None

    def test_reasoning_counts_as_tokens_but_not_for_the_rate(self) -> None:
        self.count(6, is_text=False)
        self.now += 10
        assert self.read() == Progress(6, None, 10.0)
        self.count(4)
        self.now += 2
        assert self.read() == Progress(10, 2.0, 12.0)

    def test_the_end_knows_better(self) -> None:
        self.count(10)
        self.now += 2
        self.gauge.stop()
        self.now += 60
        assert self.read() == Progress(10, 5.0, 2.0)
        self.gauge.end(Ended(Outcome.COMPLETED, usage=Usage(7, 24), cost=Decimal("0.5")))
        self.now += 60
        assert self.read() == Progress(24, 12.0, 2.0, Decimal("0.5"))

    def test_reasoning_that_nobody_saw_is_no_part_of_the_rate(self) -> None:
        self.count(10)
        self.now += 2
        usage = Usage(7, 1012, reasoning_tokens=1000)
        self.gauge.end(Ended(Outcome.COMPLETED, usage=usage))
        assert self.read() == Progress(1012, 6.0, 2.0)

    def test_what_the_end_does_not_know_is_as_it_was_counted(self) -> None:
        self.count(10)
        self.now += 2
        for usage in (None, Usage(7)):
            self.gauge.end(Ended(Outcome.CANCELLED, usage=usage))
            assert self.read() == Progress(10, 5.0, 2.0)


class CostTests(SimpleTestCase):
    def cost(self, tokens: int = 5, **driver: Any) -> Decimal | None:
        gauge = Gauge(call_to(FakeDriver(**driver)))
        for _ in range(tokens):
            gauge.count(is_text=True)
        figures = gauge.read()
        return figures and figures.cost

    @override_settings(MINDWAVE=PRICES)
    def test_own_price(self) -> None:
        # The prompt has 19 characters: 5 tokens, and 3 that frame it, for 0.1; 5 for 1.
        assert self.cost() == Decimal("5.8")

    @override_settings(MINDWAVE=PRICES)
    def test_input_is_estimated_once_and_only_if_somebody_asks(self) -> None:
        with mock.patch.object(progress, "estimate", return_value=1) as estimate:
            gauge = Gauge(call_to(FakeDriver()))
            gauge.count(is_text=True)
            assert not estimate.called
            gauge.read()
            gauge.read()
            assert estimate.call_count == 1

    @override_settings(MINDWAVE={})
    def test_nobody_knows(self) -> None:
        loaded = self.loaded()
        assert self.cost() is None
        loaded.set()
        assert self.cost() is None

    @override_settings(MINDWAVE={})
    def test_public_prices_only_once_they_are_loaded(self) -> None:
        loaded = self.loaded()
        with mock.patch.object(pricing, "public_cost", return_value=Decimal(3)) as public:
            assert self.cost(model="gpt-4.1-mini") is None
            assert not public.called
            loaded.set()
            assert self.cost(model="gpt-4.1-mini") == 3
            assert public.call_args.args[:2] == (Usage(8, 5), "gpt-4.1-mini")
            public.side_effect = RuntimeError
            assert self.cost(model="gpt-4.1-mini") is None

    @override_settings(MINDWAVE={})
    def test_looking_a_price_up_loads_them(self) -> None:
        for model in ("gpt-4.1-mini", "nobody-knows"):
            loaded = self.loaded()
            pricing.public_cost(Usage(1, 1), model, OpenAIDriver())
            assert loaded.is_set()

    def loaded(self) -> threading.Event:
        """Let the public prices not be loaded yet; return what says that they are."""
        loaded = threading.Event()
        self.enterContext(mock.patch.object(pricing, "_public_prices_are_loaded", loaded))
        return loaded

    def test_messages_do_not_outlive_the_generation(self) -> None:
        gauge = Gauge(call_to(FakeDriver()))
        gauge.end(COMPLETED)
        assert gauge._estimate is None


class GenerationTests(SimpleTestCase):
    async def test_figures_while_it_runs_and_afterwards(self) -> None:
        gate = Gate()
        finished = Finished("stop", Usage(5, 7))
        _, generation = generation_of(ReasoningDelta("hm"), "One", " two", gate, finished)
        assert generation.progress() is None
        reading = asyncio.ensure_future(read(generation))
        await until(gate.reached)
        now = generation.progress()
        assert now is not None
        assert now.tokens == 3
        gate.open()
        await reading
        end = generation.progress()
        assert end is not None
        assert (end.tokens, end.cost) == (7, None)
        assert generation.progress() == end  # the clock stands still

    async def test_clock_stands_still_while_the_end_is_settled(self) -> None:
        gate = Gate()
        _, generation = generation_of("One")

        async def slow(*args: object) -> None:
            await gate.wait()

        with mock.patch.object(tokens, "ausage_of", slow):
            reading = asyncio.ensure_future(read(generation))
            await until(gate.reached)
            before = generation.progress()
            assert before is not None
            assert generation.progress() == before
            gate.open()
            await reading

    async def test_token_signals_count_text_only(self) -> None:
        _, generation = generation_of(ReasoningDelta("hm"), "One", " two", Finished())
        with hearing() as heard:
            await read(generation)
            await generation.ended.wait()
        assert [event.cumulative_tokens for event in heard.tokens[:-1]] == [1, 2]

    @override_settings(MINDWAVE=PRICES)
    async def test_cost_of_the_end_is_the_true_one(self) -> None:
        _, generation = generation_of("One", Finished("stop", Usage(100, 50)))
        await read(generation)
        figures = generation.progress()
        assert figures is not None
        assert figures.cost == Decimal(60)

    async def test_final_figures_are_there_when_the_end_is(self) -> None:
        _, generation = generation_of("One", Finished("stop", Usage(5, 7)))
        follower = Follower(generation.answer, MemoryLog(), progress=True)
        generation.start()
        items = [item async for portion in follower for item in portion]
        follower.close()
        [figures] = [item for item in items if isinstance(item, Progress)]
        assert figures.tokens == 7
        assert items[-2] is figures


class Measured:
    """An answer whose figures a test sets."""

    def __init__(self, text: bytes = b"") -> None:
        self.figures: Progress | None = FIGURES if text else None
        self.asked = 0
        self.answer = Answer("s")
        self.answer.progress = self._progress
        if text:
            self.answer.append(text)

    def _progress(self) -> Progress | None:
        self.asked += 1
        return self.figures

    def follow(self, position: Position = Position(), *, progress: bool = True) -> Follower:  # noqa: B008
        return Follower(self.answer, MemoryLog(), position, progress=progress)


async def begun(follower: Follower) -> asyncio.Future[Any]:
    """Return a step that has looked at the answer, and waits."""
    step = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0)
    assert not step.done()
    return step


class FollowerTests(SimpleTestCase):
    def due_in(self, follower: Follower) -> float:
        """Return in how many seconds the one timer of a reader fires."""
        return follower._timer.when() - asyncio.get_running_loop().time()

    async def test_every_interval_from_the_first_token_on(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow()
        assert texts(await step(follower)) == [b"a"]
        for _ in range(2):
            follower._beat()
            assert await step(follower) == [FIGURES]
        follower.close()

    async def test_text_comes_before_its_figures(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow()
        await step(follower)
        measured.answer.append(b"b")
        follower._beat()
        assert await step(follower) == [Piece(b"b", False, Position(2)), FIGURES]
        follower.close()

    async def test_the_one_timer_is_for_both(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow()
        assert self.due_in(follower) > PROGRESS_INTERVAL
        before = follower._timer
        await step(follower)
        assert before.cancelled()
        assert self.due_in(follower) <= PROGRESS_INTERVAL
        follower._heartbeat_at = follower._progress_at
        follower._beat()
        assert await step(follower) == [HEARTBEAT, FIGURES]
        assert self.due_in(follower) <= PROGRESS_INTERVAL
        timer = follower._timer
        follower.close()
        assert timer.cancelled()

    async def test_figures_do_not_count_as_a_heartbeat(self) -> None:
        follower = Measured(b"a").follow()
        await step(follower)
        before = follower._heartbeat_at
        follower._beat()
        assert HEARTBEAT not in await step(follower)
        assert follower._heartbeat_at == before
        follower.close()

    async def test_timer_is_set_anew(self) -> None:
        follower = Measured(b"a").follow()
        await step(follower)
        follower._timer.cancel()
        follower._progress_at -= 60
        follower._timer = follower._set_timer()
        follower._beat()
        assert self.due_in(follower) > -30
        follower.close()

    async def test_none_before_the_first_token(self) -> None:
        measured = Measured()
        follower = measured.follow()
        waiting = await begun(follower)
        assert self.due_in(follower) > PROGRESS_INTERVAL
        follower._beat()
        assert list(await waiting) == [HEARTBEAT]
        assert self.due_in(follower) > PROGRESS_INTERVAL
        measured.answer.finish(COMPLETED)
        assert await step(follower) == [COMPLETED]

    async def test_once_more_right_before_the_end_and_never_after_it(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow()
        await step(follower)
        follower._beat()
        measured.answer.append(b"b")
        measured.answer.finish(COMPLETED)
        assert await step(follower) == [Piece(b"b", False, Position(2)), FIGURES, COMPLETED]
        follower._beat()
        with self.assertRaises(StopAsyncIteration):
            await anext(follower)
        follower.close()

    async def test_reader_who_comes_back_without_anything_new(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow(Position(1))
        waiting = await begun(follower)
        assert self.due_in(follower) <= PROGRESS_INTERVAL
        follower._beat()
        assert await waiting == [FIGURES]
        follower.close()

    async def test_reader_who_did_not_ask(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow(progress=False)
        timer = follower._timer
        await step(follower)
        assert follower._timer is timer
        follower._beat()
        assert await step(follower) == [HEARTBEAT]
        assert self.due_in(follower) > PROGRESS_INTERVAL
        measured.answer.finish(COMPLETED)
        assert await step(follower) == [COMPLETED]
        assert measured.asked == 0
        follower.close()

    async def test_answer_of_which_nothing_is_known(self) -> None:
        answer = Answer("s")
        answer.append(b"a")
        answer.finish(COMPLETED)
        follower = Follower(answer, MemoryLog(), progress=True)
        assert await step(follower) == [Piece(b"a", False, Position(1)), COMPLETED]

    @override_settings(MINDWAVE={"STREAMING": {"FLUSH_INTERVAL": 30}})
    async def test_is_not_held_back_and_takes_text_along(self) -> None:
        measured = Measured(b"a")
        follower = measured.follow()
        await step(follower)
        waiting = await begun(follower)
        measured.answer.append(b"b")
        await asyncio.sleep(0)
        assert not waiting.done()
        follower._beat()
        assert await waiting == [Piece(b"b", False, Position(2)), FIGURES]
        follower.close()

    @mock.patch("mindwave_django.streaming.follow.PROGRESS_INTERVAL", 0.001)
    async def test_the_timer_lets_them_go(self) -> None:
        follower = Measured(b"a").follow()
        await step(follower)
        assert await step(follower) == [FIGURES]
        assert await step(follower) == [FIGURES]
        follower.close()


class RoundingTests(SimpleTestCase):
    def test_two_decimals_and_four_of_the_cost(self) -> None:
        figures = Progress(42, 18.5188, 2.2677, Decimal("0.00123"))
        assert figures.rounded() == {
            "tokens": 42,
            "tokens_per_second": 18.52,
            "elapsed": 2.27,
            "cost": 0.0012,
        }

    def test_unknown_is_no_zero(self) -> None:
        figures = Progress(42, None, 2.0).rounded()
        assert figures["tokens_per_second"] is figures["cost"] is None


class LongConversationTests(SimpleTestCase):
    @override_settings(MINDWAVE=PRICES)
    def test_all_messages_are_input(self) -> None:
        messages = (Message(Role.SYSTEM, "a" * 40), Message(Role.USER, "b" * 8))
        call = SimpleNamespace(messages=messages, model="fake-model", driver=FakeDriver())
        gauge = Gauge(call)  # type: ignore[arg-type]  # enough of one
        gauge.count(is_text=True)
        figures = gauge.read()
        assert figures is not None
        assert figures.cost == Decimal("2.8")  # 10 + 3 + 2 + 3 for 0.1 each, and 1
