"""What every log has to do, on Redis as people run it."""

from __future__ import annotations

from typing import cast

from mindwave_django.streaming.log import Log
from mindwave_django.testing import LogContract, SharedLogContract
from tests.redis.base import RedisTestCase
from tests.support import redis_servers


class Contract(SharedLogContract):
    def elsewhere(self, log: Log) -> Log:
        return cast("RedisTestCase", self).make()


class OneProcessTests(LogContract, RedisTestCase):
    make = RedisTestCase.make


class SingleTests(Contract, RedisTestCase):
    make = RedisTestCase.make


class Protocol3Tests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.protocol_3)


class UnixSocketTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.unix_socket)


class EncryptedTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.encrypted)


class ClusterTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.cluster)


class SentinelTests(Contract, RedisTestCase):
    make = RedisTestCase.make
    started = staticmethod(redis_servers.sentinel)
