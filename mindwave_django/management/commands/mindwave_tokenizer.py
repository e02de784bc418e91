"""Puts the tokenizer's vocabularies where tiktoken looks: `manage.py mindwave_tokenizer`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from mindwave_django import tokens


class Command(BaseCommand):
    help = (
        "Prepare counting tokens: download the vocabularies of OpenAI's models into tiktoken's "
        "cache, or take them from a folder on a machine without network."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where from, and which."""
        parser.add_argument(
            "--from",
            dest="folder",
            metavar="FOLDER",
            help="take the files from here: *.tiktoken, or a copy of another machine's cache",
        )
        parser.add_argument(
            "--encoding",
            action="append",
            choices=[*tokens.VOCABULARY_FILES],
            help="only this vocabulary; may be given twice",
        )

    @no_translations
    def handle(
        self, *args: Any, folder: str | None, encoding: list[str] | None, **options: Any
    ) -> None:
        """Fetch what is missing, and say where it is."""
        cache = tokens.cache_folder()
        if cache is None:
            raise CommandError(
                "TIKTOKEN_CACHE_DIR is empty, which switches tiktoken's cache off: set it to a "
                "folder, here and where the site runs."
            )
        for name in encoding or tokens.VOCABULARY_FILES:
            if tokens.is_ready(name):
                self.stdout.write(f"{name} is at hand in {cache}.")
                continue
            content = _download(name) if folder is None else _read(Path(folder), name)
            _keep(cache, name, content)
            self.stdout.write(f"{name} is now in {cache}.")
        if not {"TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"} & os.environ.keys():
            self.stdout.write(
                "That is a temporary folder: set TIKTOKEN_CACHE_DIR to one that stays, here and "
                "where the site runs."
            )


def _download(name: str) -> bytes:
    """Let tiktoken load a vocabulary from where it knows it is; its requests have no time limit."""
    from tiktoken.load import read_file  # noqa: PLC0415  # 50 ms that not every command should pay

    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    try:
        content = read_file(url)
    except Exception as exc:
        raise CommandError(
            f"{name} could not be downloaded ({type(exc).__name__}). On a machine with network run "
            "this command, copy its folder here and give it with --from FOLDER."
        ) from exc
    if not tokens.is_whole(content, name):
        raise CommandError(f"What came from {url} is not {name}: its checksum differs.")
    return content


def _read(folder: Path, name: str) -> bytes:
    """Return a vocabulary from a folder, under its own name or under that in tiktoken's cache."""
    if not folder.is_dir():
        raise CommandError(f"--from should be a folder, got {str(folder)!r}.")
    names = (f"{name}.tiktoken", tokens.VOCABULARY_FILES[name][0])
    found = [folder / each for each in names if (folder / each).is_file()]
    if not found:
        raise CommandError(f"{folder} has neither {names[0]} nor {names[1]}.")
    try:
        content = found[0].read_bytes()
    except OSError as exc:
        raise CommandError(f"{found[0]} cannot be read: {exc.strerror}.") from exc
    if not tokens.is_whole(content, name):
        raise CommandError(f"{found[0]} is not {name}, or not whole: its checksum differs.")
    return content


def _keep(cache: Path, name: str, content: bytes) -> None:
    """Write the file as a whole or not at all: others may be reading."""
    target = cache / tokens.VOCABULARY_FILES[name][0]
    unfinished = target.with_suffix(f".{os.getpid()}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(target)
    except OSError as exc:
        with suppress(OSError):
            unfinished.unlink()
        raise CommandError(f"{target} cannot be written: {exc.strerror}.") from exc
