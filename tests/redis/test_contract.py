"""What every log has to do, on Redis as people run it."""

from __future__ import annotations

import os
from typing import cast

from mindwave_django.streaming.log import Log
from mindwave_django.testing import LogContract, SharedLogContract
from tests.redis.base import RedisTestCase
from tests.support import redis_servers


class Contract(SharedLogContract):
    def elsewhere(self, log: Log) -> Log:
        return cast("RedisTestCase", self).make()


class Basics:
    """What may depend on how Redis is reached, rather than on what it is told."""

    elsewhere = Contract.elsewhere
    _begun = LogContract._begun
    test_reader_gets_what_was_written = LogContract.test_reader_gets_what_was_written
    test_every_ending = LogContract.test_every_ending
    test_reader_comes_after_the_end = LogContract.test_reader_comes_after_the_end
    test_cancel = LogContract.test_cancel_reaches_the_writer_until_the_end
    test_fifty_readers = LogContract.test_fifty_readers_while_it_is_written


class OneProcessTests(LogContract, RedisTestCase):
    make = RedisTestCase.make


class SingleTests(Contract, RedisTestCase):
    make = RedisTestCase.make


class Protocol3Tests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.protocol_3)


class UnixSocketTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.unix_socket)


class EncryptedTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.encrypted)


class ClusterTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.cluster)


class SentinelTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.sentinel)


# Without EVERY_SERVER the contract is tried on one Redis only, as most people have it.
if not os.environ.get("EVERY_SERVER"):
    del (
        OneProcessTests,
        Protocol3Tests,
        UnixSocketTests,
        EncryptedTests,
        ClusterTests,
        SentinelTests,
    )
