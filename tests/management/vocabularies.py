"""Tiny vocabularies, and `mindwave_tokenizer` with an empty cache and without a network."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from mindwave_django import tokens

ONE, TWO = b"of one vocabulary", b"of two"


class TokenizerTestCase(SimpleTestCase):
    """With two tiny vocabularies, a folder to take them from, and an empty cache."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.cache, self.source = self.root / "deep" / "cache", self.root / "source"
        self.source.mkdir()
        files = {
            "one_base": ("file-one", hashlib.sha256(ONE).hexdigest()),
            "two_base": ("file-two", hashlib.sha256(TWO).hexdigest()),
        }
        self.enter(mock.patch.object(tokens, "VOCABULARY_FILES", files))
        self.enter(mock.patch.object(tokens, "_whole", set()))
        self.environment(TIKTOKEN_CACHE_DIR=str(self.cache))
        self.network = self.enter(mock.patch("tiktoken.load.read_file"))
        self.network.side_effect = AssertionError("The network was used.")

    def enter(self, patch: AbstractContextManager[Any]) -> Any:
        entered = patch.__enter__()
        self.addCleanup(patch.__exit__, None, None, None)
        return entered

    def environment(self, **variables: str) -> None:
        self.enter(mock.patch.dict(os.environ, variables))
        for name in {"TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"} - variables.keys():
            os.environ.pop(name, None)

    def run_it(self, *arguments: str) -> list[str]:
        out = StringIO()
        call_command("mindwave_tokenizer", *arguments, stdout=out)
        return out.getvalue().splitlines()

    def refused(self, *arguments: str) -> str:
        with self.assertRaises(CommandError) as caught:
            self.run_it(*arguments)
        return str(caught.exception)

    def kept(self) -> dict[str, bytes]:
        if not self.cache.is_dir():
            return {}
        return {file.name: file.read_bytes() for file in self.cache.iterdir()}

    def put(self, name: str, content: bytes) -> Path:
        file = self.source / name
        file.write_bytes(content)
        return file
