"""Names of keys in Redis."""

from __future__ import annotations

from zlib import crc32


class Keys:
    """The keys of one log: all begin with `prefix`.

    Streams are in buckets. Those of a bucket have a hash tag in common, and so one slot of a
    cluster, where a single blocked read serves them all.
    """

    def __init__(self, prefix: str, buckets: int) -> None:
        self._prefix = prefix
        self.buckets = buckets

    def bucket(self, stream_id: str) -> int:
        """Return the bucket of a stream."""
        return crc32(stream_id.encode()) % self.buckets

    def stream(self, stream_id: str) -> str:
        """Return the key of an answer's entries."""
        return f"{self._prefix}:{{{self.bucket(stream_id)}}}:{stream_id}"

    def epoch(self, stream_id: str) -> str:
        """Return the key, in the bucket of a stream, that is lost when Redis loses its data."""
        return f"{self._prefix}:{{{self.bucket(stream_id)}}}:epoch"

    def control(self, process: str) -> str:
        """Return the key of the stream of what a process is told."""
        return f"{self._prefix}:control:{process}"

    def alive(self, process: str) -> str:
        """Return the key that is there as long as a process is."""
        return f"{self._prefix}:alive:{process}"
