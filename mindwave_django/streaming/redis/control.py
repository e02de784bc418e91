"""What processes say to each other: each has a stream in Redis of what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason
from mindwave_django.streaming.redis.connect import Client
from mindwave_django.streaming.redis.keys import Keys

PRESENCE_INTERVAL = 10.0  # seconds, at most, between two times that a reader says to be there
LEAST_INTERVAL = 0.5  # seconds, however short the grace is
PATIENCE = 2.5  # such times without a word, after which it counts as gone
LENGTH = 1000  # messages to a process that Redis keeps
SPARE = 60.0  # seconds that keys outlive what they are for

ACTION, STREAMS, REASON = b"a", b"s", b"r"
SEEN = b"seen"  # somebody reads these answers
GAP = b"gap"  # something is missing in the middle of these answers
CANCEL = b"cancel"


def presence_interval() -> float:
    """Return the seconds between two times that a reader says to be there."""
    grace = mindwave_settings.STREAMING.RECONNECT_GRACE
    return max(min(grace / 4, PRESENCE_INTERVAL), LEAST_INTERVAL)


def patience() -> float:
    """Return the seconds after which a reader that is not heard of counts as gone."""
    return PATIENCE * presence_interval()


class Message(NamedTuple):
    """One message: what is to be done with which answers."""

    action: bytes
    stream_ids: Sequence[str]
    reason: CancelReason | None = None


def read_message(fields: Mapping[bytes, bytes]) -> Message:
    """Return what an entry says; raises KeyError or ValueError for one of another release."""
    reason = CancelReason(fields[REASON].decode()) if REASON in fields else None
    return Message(fields[ACTION], fields[STREAMS].decode().split(), reason)


async def tell(client: Client, keys: Keys, process: str, message: Message) -> None:
    """Tell another process; raises what redis-py raises."""
    fields = {ACTION: message.action, STREAMS: " ".join(message.stream_ids).encode()}
    if message.reason is not None:
        fields[REASON] = str(message.reason).encode()
    key, lifetime = keys.control(process), mindwave_settings.STREAMING.TIMEOUT + SPARE
    pipe = client.pipeline(transaction=False)
    pipe.xadd(key, fields, maxlen=LENGTH, approximate=True)
    pipe.pexpire(key, int(lifetime * 1000))
    await pipe.execute()
