"""Redis as people run it, started for a test on free ports; and how a log is told of it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import START_LIMIT, Process, free_port, require, running

PASSWORD = "not a secret: €"
IN_MEMORY = ("--save", "", "--appendonly", "no")


class Setup:
    """Some servers, by port, and the options of a log that uses them."""

    def __init__(
        self,
        options: dict[str, Any],
        processes: dict[int, Process],
        start: Callable[[int], Process] | None = None,
    ) -> None:
        self.options = options
        self.processes = processes
        self._start = start

    def start_again(self, port: int) -> None:
        """Start a server once more that has been stopped."""
        assert self._start is not None
        self.processes[port] = self._start(port)


@contextmanager
def redis_server(*arguments: str, port: int = 0) -> Iterator[tuple[int, Process]]:
    """Run one Redis, which keeps nothing on disk."""
    port = port or free_port()
    program = require("redis-server", "apt-get install redis-server")
    with tempfile.TemporaryDirectory() as folder:  # a replica writes there what it is sent
        place = ("--port", str(port), "--bind", "127.0.0.1", "--dir", folder)
        with running([program, *place, *IN_MEMORY, *arguments], port=port) as process:
            yield port, process


def cli(port: int, *arguments: str) -> str:
    """Say something to a server; return its reply."""
    program = require("redis-cli", "apt-get install redis-tools")
    command = [program, "-p", str(port), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@contextmanager
def single() -> Iterator[Setup]:
    """Run one server."""
    with redis_server() as (port, process):
        yield Setup({"url": f"redis://127.0.0.1:{port}/0"}, {port: process})


@contextmanager
def protocol_3() -> Iterator[Setup]:
    """Run one server, to be spoken to in the newer protocol, with a password."""
    with redis_server("--requirepass", PASSWORD) as (port, process):
        options = {"url": f"redis://127.0.0.1:{port}/3?protocol=3"}
        yield Setup(options | {"options": {"password": PASSWORD}}, {port: process})


@contextmanager
def unix_socket() -> Iterator[Setup]:
    """Run one server with a unix socket."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/redis.sock"
        with redis_server("--unixsocket", socket) as (port, process):
            yield Setup({"url": f"unix://{socket}?db=1"}, {port: process})


@contextmanager
def encrypted() -> Iterator[Setup]:
    """Run one server with TLS and a user that has a password."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = _certificate(Path(folder))
        tls_port = free_port()
        arguments = ("--tls-port", str(tls_port), "--tls-auth-clients", "no")
        files = ("--tls-cert-file", certificate, "--tls-key-file", key)
        user = ("--user", "log", "on", ">secret", "~chat:*", "+@all", "-@dangerous")
        with redis_server(*arguments, *files, *user) as (port, process):
            url = f"rediss://log:secret@127.0.0.1:{tls_port}/0"
            options = {"url": url, "prefix": "chat", "options": {"ssl_ca_certs": certificate}}
            yield Setup(options, {port: process})


def _certificate(folder: Path) -> tuple[str, str]:
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    program = require("openssl", "apt-get install openssl")
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key]
    subprocess.run([program, *make, *names], capture_output=True, check=True)
    return certificate, key


@contextmanager
def cluster() -> Iterator[Setup]:
    """Run a cluster of three nodes; one that is started again knows what it was part of."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        buses = {free_port(): free_port() for _ in range(3)}

        def start(port: int) -> Process:
            file = ("--cluster-config-file", str(folder / f"{port}.conf"))
            node = ("--cluster-enabled", "yes", "--cluster-port", str(buses[port]), *file)
            timeout = ("--cluster-node-timeout", "2000")
            return stack.enter_context(redis_server(*node, *timeout, port=port))[1]

        nodes = {port: start(port) for port in buses}
        addresses = [f"127.0.0.1:{port}" for port in nodes]
        first = next(iter(nodes))
        cli(first, "--cluster", "create", *addresses, "--cluster-yes")
        for port in nodes:
            wait_until(lambda port=port: "cluster_state:ok" in cli(port, "cluster", "info"))
        options = {"url": f"redis://127.0.0.1:{first}", "cluster": True}
        yield Setup(options, nodes, start)


@contextmanager
def sentinel() -> Iterator[Setup]:
    """Run a master, a replica of it, and a Sentinel that puts one in the place of the other."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        master, first = stack.enter_context(redis_server())
        replica, second = stack.enter_context(
            redis_server("--replicaof", f"127.0.0.1 {master}", "--repl-diskless-sync-delay", "0")
        )
        wait_until(lambda: "master_link_status:up" in cli(replica, "info", "replication"))
        port = stack.enter_context(_sentinel(folder, master))
        wait_until(lambda: f"{replica}" in cli(port, "sentinel", "replicas", "answers"))
        options = {"url": "redis://answers/0", "sentinels": [("127.0.0.1", port)]}
        yield Setup(options, {master: first, replica: second})


@contextmanager
def _sentinel(folder: Path, master: int) -> Iterator[int]:
    port, file = free_port(), folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor answers 127.0.0.1 {master} 1\n"
        "sentinel down-after-milliseconds answers 500\nsentinel failover-timeout answers 2000\n"
    )
    program = require("redis-server", "apt-get install redis-server")
    with running([program, str(file), "--sentinel"], port=port):
        yield port


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; fail after START_LIMIT seconds."""
    deadline = time.monotonic() + START_LIMIT
    while not condition():
        assert time.monotonic() < deadline, "Redis did not get into the expected state in time."
        time.sleep(0.05)
