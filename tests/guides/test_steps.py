"""Every block of a guide says what is to be done with it; what says nothing is a failure."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase

from tests.guides.newcomer import Newcomer
from tests.guides.steps import Step, change, steps
from tests.pages import samples_of

SETTINGS = 'A = 1\nB = {\n    "c": [2],\n}\n\n\ndef d():\n    return 3\n'


def step(sentence: str, code: str, language: str = "python") -> Step:
    return Step("quickstart.md", 1, "Chapter", sentence, language, code)


class GuideTests(SimpleTestCase):
    def test_every_block_is_for_a_file_a_shell_or_to_be_compared(self) -> None:
        for page in ("quickstart.md", "tutorial.md"):
            found = list(steps(page))
            assert len(found) == len(list(samples_of(page)))
            for each in found:
                with self.subTest(each.place):
                    assert change(each) or each.language in {"sh", "text"}


class ChangeTests(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))
        self.file = self.folder / "site" / "settings.py"

    def change(self, sentence: str, code: str) -> str:
        act = change(step(sentence, code))
        assert act
        act(self.folder)
        return self.file.read_text()

    def test_create(self) -> None:
        assert self.change("Create `site/settings.py`:", "A = 1\n") == "A = 1\n"
        with self.assertRaisesRegex(AssertionError, "there already"):
            self.change("Create `site/settings.py`:", "A = 2\n")

    def test_replace_all(self) -> None:
        sentence = "Replace all of `site/settings.py` by:"
        with self.assertRaisesRegex(AssertionError, "not there"):
            self.change(sentence, "A = 1\n")
        self.change("Create `site/settings.py`:", SETTINGS)
        assert self.change(sentence, "A = 1\n") == "A = 1\n"

    def test_append(self) -> None:
        self.change("Create `site/settings.py`:", "A = 1\n")
        assert self.change("At the end of `site/settings.py`, add:", "B\n") == "A = 1\n\nB\n"

    def test_replace_a_name(self) -> None:
        self.change("Create `site/settings.py`:", SETTINGS)
        assert self.change("Replace `B` in `site/settings.py` by:", "B = 4\n") == SETTINGS.replace(
            '{\n    "c": [2],\n}', "4"
        )
        assert "return 3" not in self.change("Replace `d` in `site/settings.py` by:", "d = 5\n")

    def test_a_sentence_that_says_no_file(self) -> None:
        assert change(step("The driver takes your key from the environment:", "")) is None


class NewcomerTests(SimpleTestCase):
    def setUp(self) -> None:
        self.somebody = Newcomer("quickstart.md", Path(self.enterContext(TemporaryDirectory())))

    def test_shell_goes_on_from_block_to_block(self) -> None:
        for code in ("mkdir 'a b'\ncd 'a b'\n", "export WHO=ada\n", "echo $WHO in ${PWD##*/}\n"):
            self.somebody.do(step("", code, "sh"))
        assert self.somebody.output == "ada in a b\n"

    def test_a_command_that_fails(self) -> None:
        with self.assertRaisesRegex(AssertionError, r"(?s)quickstart\.md:1 failed.*No such file"):
            self.somebody.do(step("", "ls nothing-here\ntrue\n", "sh"))

    def test_what_is_printed_is_compared(self) -> None:
        self.somebody.do(step("", "seq 5\n", "sh"))
        self.somebody.do(step("", "1\n2\n…\n5\n", "text"))
        with self.assertRaisesRegex(AssertionError, "is not what was printed"):
            self.somebody.do(step("", "1\n3\n", "text"))

    def test_a_block_of_another_kind(self) -> None:
        with self.assertRaisesRegex(AssertionError, "what is to be done"):
            self.somebody.do(step("For example:", "print()", "python"))

    def test_a_page_that_is_not_done(self) -> None:
        with self.assertRaisesRegex(AssertionError, r"Nobody has done docs/quickstart\.md:"):
            self.somebody.finish()

    def test_a_chapter_out_of_turn(self) -> None:
        with self.assertRaisesRegex(AssertionError, "is not what comes next"):
            self.somebody.follow("OpenAI")

    def test_server_that_was_not_started(self) -> None:
        with self.assertRaisesRegex(AssertionError, "has not started the server"):
            self.somebody.do(step("", "curl http://127.0.0.1:8000/\n", "sh"))
