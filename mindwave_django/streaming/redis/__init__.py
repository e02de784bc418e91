"""Answers in Redis, for several processes and hosts."""

from __future__ import annotations

from mindwave_django.streaming.redis.log import RedisLog

__all__ = ["RedisLog"]
