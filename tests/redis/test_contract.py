"""What every log has to do, on Redis as people run it."""

from __future__ import annotations

from typing import cast

from mindwave_django.streaming.log import Log
from mindwave_django.testing import LogContract, SharedLogContract
from tests.redis.base import RedisTestCase
from tests.support import redis_servers
from tests.support.tried import only_with_every_server


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


@only_with_every_server
class OneProcessTests(LogContract, RedisTestCase):
    make = RedisTestCase.make


class SingleTests(Contract, RedisTestCase):
    make = RedisTestCase.make


@only_with_every_server
class Protocol3Tests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.protocol_3)


@only_with_every_server
class UnixSocketTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.unix_socket)


@only_with_every_server
class EncryptedTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.encrypted)


@only_with_every_server
class ClusterTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.cluster)


@only_with_every_server
class SentinelTests(Basics, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.sentinel)
