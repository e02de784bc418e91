"""How long a process that died holds its slots, in these tests."""

from __future__ import annotations

LEASE = 3.0  # seconds
