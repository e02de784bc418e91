"""Opens the example on port 8000: no key, no service, nothing to set up."""

from __future__ import annotations

from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Create the database if need be, and serve the example with uvicorn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0: any")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        driver = settings.MINDWAVE["DRIVERS"]["default"]["BACKEND"].rpartition(".")[2]
        server = uvicorn.Server(
            uvicorn.Config(
                # It serves static files without the warning that the URL pattern gives under ASGI.
                ASGIStaticFilesHandler(get_asgi_application()),
                host=host,
                port=port,
                lifespan="off",
                log_level="warning",
                timeout_graceful_shutdown=5,
            )
        )
        with server.config.bind_socket() as listener:
            address = f"http://{host}:{listener.getsockname()[1]}/"
            self.stdout.write(f"The example runs at {address} with {driver}. Ctrl-C stops it.")
            self.stdout.write(f"In a terminal: curl -N '{address}mindwave/stream?prompt=Hello'")
            server.run(sockets=[listener])
        if not server.started:
            raise CommandError("The server could not start.")
