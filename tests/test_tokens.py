"""Counting tokens: with a tokenizer that is at hand, else roughly, and never over the network."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any
from unittest import mock

import requests
import tiktoken.load
from django.test import SimpleTestCase
from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

from mindwave_django import llm, tokens
from mindwave_django.events import Finished, Usage, UsageSource
from mindwave_django.messages import Message, Role
from mindwave_django.testing import fake_driver
from mindwave_django.tokens import ausage_of, encoding_for, estimate, usage_of
from tests.recording import LIMIT, CoreTestCase

CONTENT = b"of a vocabulary"  # of any; none is loaded here
MODELS = {"gpt-4o": "o200k_base", "gpt-4.1-mini": "o200k_base", "gpt-4": "cl100k_base"}
SYSTEM, USER = Message(Role.SYSTEM, "abcd" * 5), Message(Role.USER, "abcd" * 2)


class Characters:
    """A tokenizer that takes each character for a token."""

    def encode_ordinary(self, text: str) -> list[int]:
        return [ord(character) for character in text]


class OfflineTestCase(CoreTestCase):
    """With a cache of vocabularies of its own, and a network that fails the test when touched."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment(TIKTOKEN_CACHE_DIR=str(self.folder))
        for name in ("get", "request", "Session.request"):
            error = AssertionError("The network was used.")
            self.enter(mock.patch(f"requests.{name}", side_effect=error))
        expected = sha256(CONTENT).hexdigest()
        files = {name: (file, expected) for name, (file, _) in tokens.VOCABULARY_FILES.items()}
        self.enter(mock.patch.object(tokens, "VOCABULARY_FILES", files))
        self.enter(mock.patch.object(tokens, "_whole", set()))
        tokens._load.cache_clear()
        self.addCleanup(tokens._load.cache_clear)

    def environment(self, **variables: str) -> None:
        self.enter(mock.patch.dict(os.environ, variables))
        for name in {"TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"} - variables.keys():
            os.environ.pop(name, None)

    def enter(self, patch: Any) -> None:
        patch.start()
        self.addCleanup(patch.stop)

    def cache(
        self, encoding: str, content: bytes | None = None, folder: Path | None = None
    ) -> Path:
        file = (folder or self.folder) / tokens.VOCABULARY_FILES[encoding][0]
        file.write_bytes(CONTENT if content is None else content)
        return file

    def with_tokenizer(self) -> mock._patch[mock.Mock]:
        return mock.patch.object(tokens, "_load", return_value=Characters())


class NetworkTests(OfflineTestCase):
    def test_guard_works(self) -> None:
        with self.assertRaisesMessage(AssertionError, "The network was used."):
            requests.get("https://example.com")
        with self.assertRaisesMessage(AssertionError, "The network was used."):
            tiktoken.load.read_file("https://example.com/o200k_base.tiktoken")

    def test_vocabulary_that_is_not_at_hand_is_not_loaded(self) -> None:
        for model in MODELS:
            with self.subTest(model=model):
                assert encoding_for(model) is None


class VocabularyTests(SimpleTestCase):
    def test_files_are_those_of_tiktoken(self) -> None:
        for name, expected in tokens.VOCABULARY_FILES.items():
            with (
                self.subTest(name=name),
                mock.patch("tiktoken_ext.openai_public.load_tiktoken_bpe") as load,
            ):
                ENCODING_CONSTRUCTORS[name]()
                (address,), options = load.call_args
                assert (sha1(address.encode()).hexdigest(), options["expected_hash"]) == expected


class CacheTests(OfflineTestCase):
    def test_each_model_gets_the_tokenizer_whose_file_is_there(self) -> None:
        for model, encoding in MODELS.items():
            with self.subTest(model=model), self.with_tokenizer() as load:
                self.cache(encoding)
                assert encoding_for(model) is load.return_value
                load.assert_called_once_with(encoding)

    def test_file_of_another_tokenizer_does_not_count(self) -> None:
        self.cache("cl100k_base")
        with self.with_tokenizer() as load:
            assert encoding_for("gpt-4o") is None
        load.assert_not_called()

    def test_folder_does_not_count_as_file(self) -> None:
        file = self.cache("o200k_base")
        file.unlink()
        file.mkdir()
        with self.with_tokenizer():
            assert encoding_for("gpt-4o") is None

    def test_models_without_a_tokenizer(self) -> None:
        self.cache("o200k_base")
        for model in ("", "claude-sonnet", "llama3"):
            with self.subTest(model=model), self.with_tokenizer():
                assert encoding_for(model) is None

    def test_tokenizer_whose_file_we_cannot_name(self) -> None:
        with self.with_tokenizer():
            assert encoding_for("text-davinci-003") is None

    def test_second_variable(self) -> None:
        self.environment(DATA_GYM_CACHE_DIR=str(self.folder))
        self.cache("o200k_base")
        with self.with_tokenizer():
            assert encoding_for("gpt-4o") is not None

    def test_folder_without_a_variable(self) -> None:
        self.environment()
        folder = self.folder / "data-gym-cache"
        folder.mkdir()
        self.cache("o200k_base", folder=folder)
        temporary = mock.patch("tempfile.gettempdir", return_value=str(self.folder))
        with temporary, self.with_tokenizer():
            assert encoding_for("gpt-4o") is not None

    def test_damaged_file_which_tiktoken_would_download_again(self) -> None:
        for content in (b"", CONTENT[:-1]):
            file = self.cache("o200k_base", content)
            with self.subTest(content=content), self.with_tokenizer() as load:
                assert encoding_for("gpt-4o") is None
                load.assert_not_called()
                assert file.exists()

    def test_file_is_read_once(self) -> None:
        self.cache("o200k_base")
        with self.with_tokenizer(), mock.patch.object(tokens, "hashlib", wraps=hashlib) as spy:
            for _ in range(2):
                assert encoding_for("gpt-4o") is not None
        spy.sha256.assert_called_once()

    def test_empty_variable_switches_the_cache_off_as_in_tiktoken(self) -> None:
        self.environment(TIKTOKEN_CACHE_DIR="", DATA_GYM_CACHE_DIR=str(self.folder))
        self.cache("o200k_base")
        with contextlib.chdir(self.folder), self.with_tokenizer():
            assert encoding_for("gpt-4o") is None

    def test_tokenizer_is_loaded_once(self) -> None:
        self.cache("o200k_base")
        with mock.patch("tiktoken.get_encoding", return_value=Characters()) as get_encoding:
            assert encoding_for("gpt-4o") is encoding_for("gpt-5")
        get_encoding.assert_called_once_with("o200k_base")


class EstimateTests(SimpleTestCase):
    def test_texts(self) -> None:
        for text, expected in (
            ("", 0),
            ("a", 1),
            ("abcd", 1),
            ("abcd" * 100, 100),
            ("你好", 2),
            ("abcd你好", 3),
            ("é", 1),
            ("\ud800", 1),
        ):
            with self.subTest(text=text):
                assert estimate(text) == expected


class UsageTests(OfflineTestCase):
    def test_estimated(self) -> None:
        assert usage_of([SYSTEM, USER], "abcd" * 3, "unheard-of") == Usage(
            input_tokens=5 + 2 + 2 * 3, output_tokens=3, source=UsageSource.ESTIMATED
        )

    def test_counted_with_the_tokenizer(self) -> None:
        self.cache("o200k_base")
        with self.with_tokenizer():
            usage = usage_of([SYSTEM, USER], "twelve chars", "gpt-4o")
        assert usage == Usage(
            input_tokens=20 + 8 + 2 * 3, output_tokens=12, source=UsageSource.TOKENIZER
        )

    def test_reported_by_the_provider_and_not_counted(self) -> None:
        reported = Usage(input_tokens=7, output_tokens=9)
        with (
            fake_driver("Hello", Finished(usage=reported)),
            mock.patch.object(tokens, "usage_of") as count,
        ):
            assert llm().generate("Hi").usage == reported
        count.assert_not_called()

    def test_counted_where_the_provider_reports_nothing(self) -> None:
        with fake_driver("abcd" * 4):
            usage = llm().generate("abcd").usage
        assert usage == Usage(input_tokens=4, output_tokens=4, source=UsageSource.ESTIMATED)


class AsyncUsageTests(OfflineTestCase):
    async def test_counted_in_a_thread(self) -> None:
        threads = []

        def usage(*args: object) -> Usage:
            threads.append(threading.current_thread())
            return Usage(1, 2)

        with mock.patch.object(tokens, "usage_of", usage):
            assert await ausage_of([USER], "abcd", "m") == Usage(1, 2)
        assert threads[0] is not threading.current_thread()

    async def test_failure_costs_only_precision(self) -> None:
        with (
            mock.patch.object(tokens, "usage_of", side_effect=ZeroDivisionError),
            self.assertLogs("mindwave_django", "WARNING") as logs,
        ):
            usage = await ausage_of([USER], "abcd", "gpt-4o")
        assert usage == Usage(5, 1, source=UsageSource.ESTIMATED)
        assert logs.records[0].getMessage() == (
            "Tokens could not be counted, only estimated: ZeroDivisionError"
        )

    async def test_slow_tokenizer_is_not_waited_for(self) -> None:
        done = threading.Event()
        self.addCleanup(done.set)

        def usage_of(*args: object) -> None:
            done.wait(LIMIT)

        with (
            mock.patch.object(tokens, "usage_of", usage_of),
            mock.patch.object(tokens, "COUNT_LIMIT", 0.01),
            self.assertLogs("mindwave_django", "WARNING") as logs,
        ):
            usage = await ausage_of([USER], "abcd", "gpt-4o")
            assert not done.is_set()
            done.set()
        assert usage.source is UsageSource.ESTIMATED
        assert logs.records[0].getMessage().endswith("TimeoutError")
