"""What must hold after a soak, answer by answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chat.models import ChatMessage as SignalledMessage
from mindwave_django.models import ChatMessage, MessageState, ProviderCall, Role
from tests.soaking.person import Result
from tests.soaking.plan import Act, Fault, Plan
from tests.soaking.provider import Provider
from tests.soaking.reader import Reading

FINAL = {
    MessageState.COMPLETE: "completed",
    MessageState.CANCELLED: "cancelled",
    MessageState.FAILED: "failed",
    MessageState.INTERRUPTED: "failed",
}
CODES = {
    Fault.UNAVAILABLE: {"provider_unavailable"},
    Fault.BUSY: {"provider_rate_limited"},
    # A reset throws away what is still on its way, be it the whole beginning.
    Fault.RESET: {"provider_connection_lost", "provider_unavailable"},
    Fault.UNFINISHED: {"provider_connection_lost"},
    Fault.HANG: {"timeout"},
}


class Saved(NamedTuple):
    """How an answer is saved: by its row, or by the receiver of its ending signal."""

    text: str
    outcome: str
    code: str
    reason: str = ""


class Found:
    """All that was saved, by prompt."""

    def __init__(self) -> None:
        self.signalled: dict[str, list[Saved]] = defaultdict(list)
        for row in SignalledMessage.objects.all():
            self.signalled[row.prompt].append(Saved(row.answer, row.outcome, row.error_code))
        self.rows: dict[str, Saved] = {}
        self.live: list[str] = []
        for answer in ChatMessage.objects.filter(role=Role.ASSISTANT).select_related("reply_to"):
            assert answer.reply_to is not None
            prompt = answer.reply_to.content
            if answer.state not in FINAL:
                self.live.append(prompt)
                continue
            self.rows[prompt] = Saved(
                answer.content, FINAL[answer.state], answer.error_code, answer.cancel_reason
            )
        self.calls = ProviderCall.objects.count()


class Verdict:
    """What does not hold, in words; empty if everything does."""

    def __init__(self, results: Iterable[Result], provider: Provider, found: Found) -> None:
        self.results = list(results)
        self.provider = provider
        self.found = found
        self.outcomes: Counter[str] = Counter()
        self.interrupted = 0

    def complaints(self, *, may_interrupt: bool) -> Iterator[str]:
        """Yield everything that is wrong; `may_interrupt` if processes were ended."""
        for prompt in self.found.live:
            yield f"{prompt}: has not ended."
        for result in self.results:
            for complaint in self._look_at(result, may_interrupt=may_interrupt):
                story = "; ".join(result.reading.story)
                yield f"{result.plan.prompt}: {complaint}\n    {story}"
        yield from self._look_at_requests()

    def _look_at_requests(self) -> Iterator[str]:
        for prompt, number in self.provider.requests.items():
            if number != 1:
                yield f"{prompt}: the provider was asked {number} times."
        for prompt, saved in self.found.signalled.items():
            if len(saved) != 1:
                yield f"{prompt}: {len(saved)} ending signals."

    def _saved(self, plan: Plan) -> Saved | None:
        if plan.is_chat:
            return self.found.rows.get(plan.prompt)
        signalled = self.found.signalled.get(plan.prompt)
        return signalled[0] if signalled else None

    def _look_at(self, result: Result, *, may_interrupt: bool) -> Iterator[str]:
        plan, reading = result.plan, result.reading
        if result.complaint:
            if not (may_interrupt and result.is_in_doubt):
                yield result.complaint
            return
        if (saved := self._saved(plan)) is None:
            if not may_interrupt:
                yield "nothing was saved."
            return
        self.outcomes[f"{saved.outcome} {saved.code}".strip()] += 1
        if saved.code == "interrupted":
            self.interrupted += 1
        yield from self._look_at_text(plan, saved)
        yield from self._look_at_outcome(result, saved, may_interrupt=may_interrupt)
        if result.left:
            return
        if saved.code == "interrupted":
            yield from self._look_at_lost(reading, self.provider.sent.get(plan.prompt, ""))
        else:
            yield from self._look_at_reading(reading, saved)

    def _look_at_text(self, plan: Plan, saved: Saved) -> Iterator[str]:
        sent = self.provider.sent.get(plan.prompt, "")
        if saved.outcome == "completed" and saved.text != plan.text:
            yield f"{saved.text!r} was saved, {plan.text!r} was sent."
        if not sent.startswith(saved.text):
            yield f"{saved.text!r} was saved, which does not begin {sent!r}."

    def _look_at_outcome(
        self, result: Result, saved: Saved, *, may_interrupt: bool
    ) -> Iterator[str]:
        plan = result.plan
        if saved.code == "interrupted" and may_interrupt:
            return
        codes = CODES.get(plan.fault)
        expected = {("failed", code) for code in codes} if codes else {("completed", "")}
        if Act.STOP in {step.act for step in plan.steps} and result.stopped:
            expected.add(("cancelled", ""))
        if result.left:
            expected.add(("cancelled", ""))
        if (saved.outcome, saved.code) not in expected:
            yield f"ended as {saved.outcome} {saved.code}{saved.reason}, not as {expected}."

    def _look_at_lost(self, reading: Reading, sent: str) -> Iterator[str]:
        """A process was ended: its reader may have more than what was saved of it, or less."""
        if [event.event for event in reading.ends] != ["failed"]:
            yield f"its reader saw {[event.event for event in reading.ends]}."
        if not sent.startswith(reading.text):
            yield f"{reading.text!r} was read, {sent!r} was sent."

    def _look_at_reading(self, reading: Reading, saved: Saved) -> Iterator[str]:
        if len(reading.ends) != 1:
            yield f"its reader saw {len(reading.ends)} ends."
            return
        if reading.text != saved.text:
            yield f"{reading.text!r} was read, {saved.text!r} was saved."
        name, told = reading.end
        status = {"complete": "completed", "cancelled": "cancelled"}
        outcome = "failed" if name == "failed" else status[told["status"]]
        if (outcome, told.get("code", "")) != (saved.outcome, saved.code):
            yield f"its reader was told {name} {told}, it ended as {saved.outcome} {saved.code}."
