"""nginx, Apache, HAProxy and Caddy before a server, each with a configuration that a test gives.

    with serving("uvicorn") as server, nginx(shipped("nginx.conf"), server.port) as proxy:
        urlopen(proxy.url)

A configuration is what a user writes: for nginx what stands in its `http` block, for Apache what
stands in a file of `sites-available`, for HAProxy and Caddy the whole file. It calls the server
127.0.0.1:8000, and listens on port 80 (Caddy: it is for example.com); both become free ports here.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import ROOT, Process, free_port, require, running

DEPLOY = ROOT / "docs" / "deploy"
SERVER = "127.0.0.1:8000"  # as configurations call it

# Around what a user writes stands what Debian ships, with files in a folder of the test.
NGINX_FRAME = """
daemon off;
pid {folder}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {configuration}
}}
"""
# Of those that Debian switches on by itself, what touches a request; and what our file asks for.
APACHE_ON = (
    "mpm_event",
    "authz_core",
    "deflate",
    "env",
    "filter",
    "mime",
    "reqtimeout",
    "setenvif",
)
APACHE_ASKED_FOR = ("proxy", "proxy_http", "headers")
APACHE_MODULES = "\n".join(
    f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
    for name in (*APACHE_ON, *APACHE_ASKED_FOR)
)
APACHE_FRAME = f"""
ServerRoot {{folder}}
DefaultRuntimeDir {{folder}}
PidFile {{folder}}/pid
ErrorLog /dev/stderr
ServerName localhost
TypesConfig /dev/null
User www-data
Group www-data
{APACHE_MODULES}
Listen 127.0.0.1:{{port}}
{{configuration}}
"""
CADDY_FRAME = """
{{
  admin off
  auto_https disable_redirects
  storage file_system {folder}
}}
{configuration}
"""


class Program(NamedTuple):
    """A program, and how it is run with a configuration."""

    name: str
    install: str
    file: str  # in docs/deploy
    frame: str  # around {configuration}; {folder} and {port} are filled in
    listen: str  # a pattern of what a configuration listens on
    listen_here: str
    check: str  # the command that checks a file
    run: str


NGINX = Program(
    "nginx",
    "apt-get install nginx-light",
    "nginx.conf",
    NGINX_FRAME,
    r"\blisten 80\b",
    "listen 127.0.0.1:{port}",
    "-p {folder} -c {file} -e stderr -t",
    "-p {folder} -c {file} -e stderr",
)
APACHE = Program(
    "apache2",
    "apt-get install apache2-bin",
    "apache.conf",
    APACHE_FRAME,
    r"<VirtualHost \*:80>",
    "<VirtualHost 127.0.0.1:{port}>",
    "-f {file} -t",
    "-f {file} -D FOREGROUND",
)
HAPROXY = Program(
    "haproxy",
    "apt-get install haproxy",
    "haproxy.cfg",
    "{configuration}",
    r"\bbind :80\b",
    "bind 127.0.0.1:{port}",
    "-f {file} -c",
    "-f {file} -db",
)
CADDY = Program(
    "caddy",
    "apt-get install caddy",
    "Caddyfile",
    CADDY_FRAME,
    r"^example\.com\b",
    "http://127.0.0.1:{port}",
    "validate --adapter caddyfile --config {file}",
    "run --adapter caddyfile --config {file}",
)


PROGRAMS = (NGINX, APACHE, HAPROXY, CADDY)


class Proxy(NamedTuple):
    """A running proxy."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


def shipped(name: str) -> str:
    """Return the text of a file in docs/deploy."""
    return (DEPLOY / name).read_text()


def changed(configuration: str, pattern: str, replacement: str) -> str:
    """Return the configuration with every match of a pattern replaced; there has to be one."""
    text, count = re.subn(pattern, lambda _: replacement, configuration, flags=re.MULTILINE)
    assert count, f"{pattern!r} matches nothing in the configuration:\n{configuration}"
    return text


@contextmanager
def proxying(program: Program, configuration: str, server: int | str) -> Iterator[Proxy]:
    """Run a program before a server: on a port, or where the program's own language says."""
    path, port = require(program.name, program.install), free_port()
    with _folder() as folder:
        file = _written(program, configuration, folder, port, server)
        command = [path, *program.run.format(folder=folder, file=file).split()]
        with running(command, port=port, env=_environment(folder)) as process:
            yield Proxy(port, process)


nginx = partial(proxying, NGINX)
apache = partial(proxying, APACHE)
haproxy = partial(proxying, HAPROXY)
caddy = partial(proxying, CADDY)


def checked(program: Program, configuration: str) -> subprocess.CompletedProcess[str]:
    """Run the program's own check of a configuration, which nobody listens with."""
    path = require(program.name, program.install)
    with _folder() as folder:
        file = _written(program, configuration, folder, free_port(), SERVER)
        return subprocess.run(
            [path, *program.check.format(folder=folder, file=file).split()],
            env=os.environ | _environment(folder),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # workers are another user
        yield Path(name)


def _environment(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def _written(
    program: Program, configuration: str, folder: Path, port: int, server: int | str
) -> Path:
    """Write a configuration with the addresses of this test."""
    address = f"127.0.0.1:{server}" if isinstance(server, int) else server
    text = changed(configuration, program.listen, program.listen_here.format(port=port))
    text = changed(text, re.escape(SERVER), address)
    file = folder / "configuration"
    file.write_text(program.frame.format(configuration=text, folder=folder, port=port))
    return file
