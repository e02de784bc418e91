"""`manage.py mindwave_tokenizer`: vocabularies get to where tiktoken looks for them, whole."""

from __future__ import annotations

import hashlib
import os
from io import StringIO
from pathlib import Path
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from mindwave_django import tokens
from tests.management.vocabularies import ONE, TWO, TokenizerTestCase

SECRET = "very-secret"


class FolderTests(TokenizerTestCase):
    def take(self, *arguments: str) -> list[str]:
        return self.run_it("--from", str(self.source), *arguments)

    def test_both_names(self) -> None:
        self.put("one_base.tiktoken", ONE)
        self.put("file-two", TWO)
        assert self.take() == [
            f"one_base is now in {self.cache}.",
            f"two_base is now in {self.cache}.",
        ]
        assert self.kept() == {"file-one": ONE, "file-two": TWO}
        assert tokens.is_ready("one_base")
        assert tokens.is_ready("two_base")

    def test_own_name_comes_first(self) -> None:
        self.put("one_base.tiktoken", ONE)
        self.put("file-one", b"of an older version")
        self.take("--encoding", "one_base")
        assert self.kept() == {"file-one": ONE}

    def test_only_one_of_them(self) -> None:
        self.put("file-two", TWO)
        assert self.take("--encoding", "two_base") == [f"two_base is now in {self.cache}."]
        assert self.kept() == {"file-two": TWO}

    def test_given_twice(self) -> None:
        self.put("file-one", ONE)
        self.put("file-two", TWO)
        assert len(self.take("--encoding=two_base", "--encoding=one_base")) == 2

    def test_unheard_of(self) -> None:
        said = self.refused("--encoding", "three_base")
        assert "three_base" in said
        assert "one_base" in said

    def test_at_hand_already(self) -> None:
        self.cache.mkdir(parents=True)
        (self.cache / "file-one").write_bytes(ONE)
        self.put("file-two", TWO)
        assert self.take() == [
            f"one_base is at hand in {self.cache}.",
            f"two_base is now in {self.cache}.",
        ]

    def test_damaged_one_in_the_cache_is_replaced(self) -> None:
        self.cache.mkdir(parents=True)
        (self.cache / "file-one").write_bytes(ONE[:-1])
        self.put("file-one", ONE)
        self.take("--encoding", "one_base")
        assert self.kept() == {"file-one": ONE}

    def test_wrong_content(self) -> None:
        for content in (b"", ONE[:-1], TWO):
            file = self.put("file-one", content)
            said = self.refused("--from", str(self.source))
            assert said == f"{file} is not one_base, or not whole: its checksum differs."
        assert self.kept() == {}

    def test_missing(self) -> None:
        self.put("file-one", ONE)
        said = self.refused("--from", str(self.source))
        assert said == f"{self.source} has neither two_base.tiktoken nor file-two."
        assert self.kept() == {"file-one": ONE}

    def test_no_folder(self) -> None:
        file = self.put("file-one", ONE)
        for path in (str(file), str(self.source / "missing")):
            said = self.refused("--from", path)
            assert said == f"--from should be a folder, got {path!r}."

    def test_cannot_be_read(self) -> None:
        file = self.put("file-one", ONE)
        denied = PermissionError(13, "Permission denied")
        with mock.patch.object(Path, "read_bytes", side_effect=denied):
            said = self.refused("--from", str(self.source))
        assert said == f"{file} cannot be read: Permission denied."

    def test_network_is_not_used(self) -> None:
        self.test_both_names()
        self.network.assert_not_called()


class CacheTests(TokenizerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.put("file-one", ONE)
        self.put("file-two", TWO)

    def test_switched_off(self) -> None:
        for environment in (
            {"TIKTOKEN_CACHE_DIR": ""},
            {"TIKTOKEN_CACHE_DIR": "", "DATA_GYM_CACHE_DIR": str(self.cache)},
            {"DATA_GYM_CACHE_DIR": ""},
        ):
            self.environment(**environment)
            said = self.refused("--from", str(self.source))
            assert said.startswith(
                "TIKTOKEN_CACHE_DIR is empty, which switches tiktoken's cache off"
            )

    def test_is_a_file(self) -> None:
        self.cache.parent.mkdir()
        self.cache.touch()
        said = self.refused("--from", str(self.source))
        assert said == f"{self.cache / 'file-one'} cannot be written: File exists."

    def test_cannot_be_written(self) -> None:
        denied = PermissionError(13, "Permission denied")
        with mock.patch.object(Path, "write_bytes", side_effect=denied):
            said = self.refused("--from", str(self.source))
        assert said == f"{self.cache / 'file-one'} cannot be written: Permission denied."

    def test_whole_or_not_at_all(self) -> None:
        def half(file: Path, content: bytes) -> None:
            with file.open("wb") as opened:
                opened.write(content[:3])
            raise OSError(28, "No space left on device")

        with mock.patch.object(Path, "write_bytes", autospec=True, side_effect=half):
            said = self.refused("--from", str(self.source))
        assert said.endswith("cannot be written: No space left on device.")
        assert self.kept() == {}

    def test_readers_see_it_appear_whole(self) -> None:
        seen: list[tuple[list[str], bytes]] = []
        replace = Path.replace

        def watched(file: Path, target: Path) -> Path:
            seen.append(
                ([each.name for each in target.parent.glob(target.name)], file.read_bytes())
            )
            return replace(file, target)

        with mock.patch.object(Path, "replace", autospec=True, side_effect=watched):
            self.run_it("--from", str(self.source), "--encoding", "one_base")
        assert seen == [([], ONE)]
        assert self.kept() == {"file-one": ONE}

    def test_temporary_folder(self) -> None:
        self.environment()
        with mock.patch("tempfile.gettempdir", return_value=str(self.root)):
            said = self.run_it("--from", str(self.source))
        assert (self.root / "data-gym-cache" / "file-one").read_bytes() == ONE
        assert said[-1] == (
            "That is a temporary folder: set TIKTOKEN_CACHE_DIR to one that stays, here and where "
            "the site runs."
        )

    def test_folder_that_stays(self) -> None:
        for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
            self.environment(**{variable: str(self.cache)})
            said = self.run_it("--from", str(self.source))
            assert not any("temporary" in line for line in said)


class DownloadTests(TokenizerTestCase):
    def test_downloads(self) -> None:
        self.network.side_effect = [ONE, TWO]
        assert self.run_it() == [
            f"one_base is now in {self.cache}.",
            f"two_base is now in {self.cache}.",
        ]
        assert [call.args[0].rpartition("/")[2] for call in self.network.call_args_list] == [
            "one_base.tiktoken",
            "two_base.tiktoken",
        ]
        assert self.kept() == {"file-one": ONE, "file-two": TWO}

    def test_only_what_is_missing(self) -> None:
        self.cache.mkdir(parents=True)
        (self.cache / "file-one").write_bytes(ONE)
        self.network.side_effect = [TWO]
        self.run_it()
        self.network.assert_called_once()

    def test_no_network(self) -> None:
        self.network.side_effect = ConnectionError(f"http://me:{SECRET}@proxy refused it")
        assert self.refused() == (
            "one_base could not be downloaded (ConnectionError). On a machine with network run "
            "this command, copy its folder here and give it with --from FOLDER."
        )
        assert self.kept() == {}

    def test_page_of_a_hotel(self) -> None:
        self.network.side_effect = [b"<html>Please log in."]
        said = self.refused()
        assert said.startswith("What came from https://")
        assert said.endswith("/one_base.tiktoken is not one_base: its checksum differs.")
        assert self.kept() == {}


class AddressTests(SimpleTestCase):
    def test_addresses_are_those_of_tiktoken(self) -> None:
        """Its file names are the checksums of where it loads them from."""
        for name, (file, _) in tokens.VOCABULARY_FILES.items():
            with (
                mock.patch("tiktoken.load.read_file", side_effect=OSError) as read_file,
                mock.patch.object(tokens, "is_ready", return_value=False),
                mock.patch.dict(os.environ, {"TIKTOKEN_CACHE_DIR": "never-written"}),
                self.assertRaises(CommandError),
            ):
                call_command("mindwave_tokenizer", "--encoding", name, stdout=StringIO())
            (address,) = read_file.call_args.args
            assert hashlib.sha1(address.encode()).hexdigest() == file
