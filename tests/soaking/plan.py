"""What happens to one question: its answer, the provider's faults, and what its reader does.

All of it follows from the prompt, which names seed, client and number. So the provider, the reader
and the checks agree without a word, and the same seed plays the same piece again.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from random import Random
from typing import NamedTuple

PREFIX = "soak"
WORDS = (
    "und ",
    "dann ",
    "nobody ",
    "knows\n",
    "жизнь ",
    "漢字 ",
    "😀 ",
    "— ",
    "ü",
    "\n\n",
    "x" * 40,
)


class Fault(StrEnum):
    """What goes wrong at the provider."""

    NONE = "none"
    UNAVAILABLE = "unavailable"  # HTTP 500 instead of a stream
    BUSY = "busy"  # HTTP 429
    RESET = "reset"  # the connection is cut in the middle
    UNFINISHED = "unfinished"  # the stream ends without saying so
    SILENCE = "silence"  # nothing for a while, then it goes on
    HANG = "hang"  # nothing any more


class Act(StrEnum):
    """What a reader does in the middle."""

    CUT = "cut"  # loses the connection, and comes back with its position
    STALL = "stall"  # reads nothing for a while
    STOP = "stop"  # asks for the end, through any process
    RELOAD = "reload"  # looks the conversation up and reads its answer from the beginning
    LEAVE = "leave"  # is gone for good


FAULTS = {
    Fault.NONE: 82,
    Fault.UNAVAILABLE: 3,
    Fault.BUSY: 2,
    Fault.RESET: 4,
    Fault.UNFINISHED: 3,
    Fault.SILENCE: 4,
    Fault.HANG: 2,
}
ACTS = {Act.CUT: 50, Act.STALL: 12, Act.STOP: 10, Act.RELOAD: 20, Act.LEAVE: 8}


class Step(NamedTuple):
    """Something a reader does once it has so many characters."""

    after: int
    act: Act
    pause: float  # seconds


class Plan(NamedTuple):
    """One question and everything about it."""

    prompt: str
    is_chat: bool
    pieces: tuple[str, ...]
    pace: float  # seconds between two pieces
    fault: Fault
    fault_at: int  # pieces
    steps: tuple[Step, ...]
    asks_twice: bool
    thinks: float  # before the next question: seconds, for each client there is

    @property
    def text(self) -> str:
        """The whole answer, if nothing happens to it."""
        return "".join(self.pieces)


def prompt_of(seed: int, client: int, number: int) -> str:
    """Return the prompt of one question of one client."""
    return f"{PREFIX} {seed} {client} {number}"


@lru_cache(maxsize=4096)
def plan_of(prompt: str) -> Plan:
    """Return what happens to a question."""
    random = Random(prompt)
    pieces = tuple(random.choice(WORDS) for _ in range(random.randint(1, 120)))
    fault = random.choices(list(FAULTS), list(FAULTS.values()))[0]
    length = sum(map(len, pieces))
    return Plan(
        prompt=prompt,
        is_chat=random.random() < 0.6,
        pieces=pieces,
        pace=random.choice((0.0, 0.05, 0.1, 0.2)),
        fault=fault,
        fault_at=random.randrange(len(pieces)),
        steps=_steps(random, length),
        asks_twice=random.random() < 0.1,
        thinks=random.uniform(0.02, 0.08),
    )


def _steps(random: Random, length: int) -> tuple[Step, ...]:
    number = random.choices((0, 1, 2, 3), (40, 35, 15, 10))[0]
    steps = []
    for after in sorted(random.randint(0, length) for _ in range(number)):
        act = random.choices(list(ACTS), list(ACTS.values()))[0]
        steps.append(Step(after, act, random.uniform(0, 3)))
        if act is Act.LEAVE:
            break
    return tuple(steps)
