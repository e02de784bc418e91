"""Every text for people is there in every language that is shipped."""

from __future__ import annotations

import gettext
from pathlib import Path

from django.test import SimpleTestCase
from django.utils import translation

import mindwave_django
from mindwave_django.exceptions import MindwaveError, _tree
from mindwave_django.testing import fake_driver, parse_events

LOCALE = Path(mindwave_django.__file__).parent / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir())


class TranslationTests(SimpleTestCase):
    def test_languages(self) -> None:
        assert LANGUAGES == ["de", "es", "fr"]

    def test_every_error_is_translated(self) -> None:
        with translation.override("en"):
            texts = {str(error.message) for error in _tree(MindwaveError)}
        for language in LANGUAGES:
            catalogue = gettext.translation("django", LOCALE, [language])
            for text in texts:
                with self.subTest(language=language, text=text):
                    assert catalogue.gettext(text) != text

    def test_compiled_catalogues_are_up_to_date(self) -> None:
        for language in LANGUAGES:
            source = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text()
            compiled = gettext.translation("django", LOCALE, [language])
            for entry in source.split("\n\n")[1:]:
                text, translated = (line.split('"')[1] for line in entry.splitlines()[-2:])
                with self.subTest(language=language, text=text):
                    assert compiled.gettext(text) == translated

    def test_a_failure_is_told_in_the_readers_language(self) -> None:
        with translation.override("en"), fake_driver(RuntimeError("broken")):
            response = self.client.get(
                "/api/chat/stream?prompt=Hi", headers={"Accept-Language": "de"}
            )
            failed = parse_events(response.getvalue())[-1]
        assert failed.json()["message"] == "Bei uns ist etwas schiefgegangen."
