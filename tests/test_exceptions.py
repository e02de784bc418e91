"""The error tree: codes for programs, texts for people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.test import SimpleTestCase
from django.utils import translation
from django.utils.functional import Promise

from mindwave_django import exceptions
from mindwave_django.exceptions import (
    ContextLengthExceeded,
    DriverError,
    InternalError,
    InvalidRequest,
    MindwaveError,
    ProviderRateLimited,
    error_for,
)

STATUSES = {
    "invalid_request": 400,
    "authentication_required": 401,
    "permission_denied": 403,
    "csrf_failed": 403,
    "stream_expired": 404,
    "not_found": 404,
    "conversation_busy": 409,
    "not_latest": 409,
    "idempotency_key_reused": 422,
    "request_too_large": 413,
    "rate_limited": 429,
    "too_many_streams": 429,
    "budget_exceeded": 429,
    "limit_unavailable": 503,
    "overloaded": 503,
    "streaming_not_supported": 501,
}
RETRYABLE = {
    "conversation_busy",
    "interrupted",
    "limit_unavailable",
    "overloaded",
    "provider_connection_lost",
    "provider_protocol_error",
    "provider_rate_limited",
    "provider_unavailable",
    "rate_limited",
    "timeout",
    "too_many_streams",
}


def tree(error: type[MindwaveError] = MindwaveError) -> Iterator[type[MindwaveError]]:
    if error.__module__ == exceptions.__name__:
        yield error
        for child in error.__subclasses__():
            yield from tree(child)


CLASSES = set(tree())


class TreeTests(SimpleTestCase):
    def test_codes_are_unique(self) -> None:
        assert len({error.code for error in CLASSES}) == len(CLASSES)

    def test_codes_are_lower_case_words(self) -> None:
        for error in CLASSES:
            assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code), error

    def test_messages_are_translated_when_they_are_used(self) -> None:
        for error in CLASSES:
            assert isinstance(error.message, Promise), error
            assert str(error.message).endswith("."), error

    def test_statuses(self) -> None:
        found = {error.code: error.status for error in CLASSES}
        assert found == dict.fromkeys(found, 500) | STATUSES

    def test_retryable(self) -> None:
        assert {error.code for error in CLASSES if error.retryable} == RETRYABLE

    def test_docstring_draws_every_class_below_its_parent(self) -> None:
        drawn = exceptions.__doc__ or ""
        depth = {}
        for name, line in re.findall(r"^((?:[│├└─ ]+)?(\w+)).*$", drawn, re.MULTILINE):
            depth[line] = name.index(line)
        for error in CLASSES - {MindwaveError}:
            parent = error.__base__
            assert depth[error.__name__] == depth[parent.__name__] + 4, error

    def test_language_is_that_of_the_reader(self) -> None:
        with translation.override("en"):
            assert str(ProviderRateLimited.message) == (
                "The model is busy. Please try again in a moment."
            )


class ErrorTests(SimpleTestCase):
    def test_reason_is_for_developers(self) -> None:
        assert str(DriverError("HTTP 418")) == "HTTP 418"

    def test_code_stands_in_for_a_reason(self) -> None:
        assert str(ContextLengthExceeded()) == "context_length_exceeded"

    def test_words_of_the_provider_stay_out_of_the_text(self) -> None:
        error = ProviderRateLimited("HTTP 429", detail="key sk-1 is too fast", retry_after=12)
        assert "sk-1" not in str(error) + str(error.message)
        assert error.detail == "key sk-1 is too fast"
        assert error.retry_after == 12

    def test_invalid_request_names_fields(self) -> None:
        assert InvalidRequest().fields == {}
        assert InvalidRequest(fields={"prompt": ["No."]}).fields == {"prompt": ["No."]}


class ErrorForTests(SimpleTestCase):
    def test_every_code_leads_to_its_class(self) -> None:
        for error in CLASSES:
            with self.subTest(code=error.code):
                assert error_for(error.code) is error

    def test_unknown_code_is_an_internal_error(self) -> None:
        assert error_for("sunspots") is InternalError

    def test_every_class_can_be_made_from_its_code(self) -> None:
        for error in CLASSES:
            with self.subTest(code=error.code):
                assert isinstance(error_for(error.code)(), error)
