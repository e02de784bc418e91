"""Every operation of the OpenAPI description, with what it allows and with what it does not.

The description has to be true of each answer: status, media type, headers and content.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.handlers.wsgi import WSGIHandler
from hypothesis import Phase, given
from hypothesis import strategies as st

from mindwave_django.events import Finished, Usage
from mindwave_django.testing import fake_driver, parse_events
from tests.asking import chat
from tests.chat.asking import unknown
from tests.limits.person import TOKEN, PersonTestCase
from tests.limits.strategies import examples
from tests.support.openapi import schema

ANSWER = ("Hello", Finished("stop", Usage(input_tokens=1, output_tokens=1)))
UNKNOWN = unknown()

# Those who are logged in are let in, and nobody is told to slow down.
settings = chat(
    ACCESS="mindwave_django.access.authenticated",
    MAX_STREAMS_PER_OWNER=None,
    ALLOWED_MODELS=["small"],
)


def checks(*, of_a_stream: bool) -> list[Any]:
    from schemathesis import checks as general
    from schemathesis.specs.openapi import checks as described

    found = [
        general.not_a_server_error,
        described.status_code_conformance,
        described.content_type_conformance,
        described.response_headers_conformance,
    ]
    # It reads the schema of a stream as one of each event, as OpenAPI has it from 3.2 on.
    return found if of_a_stream else [*found, described.response_schema_conformance]


def assert_stream(body: bytes) -> None:
    *before, last = parse_events(body)
    assert last.event in {"done", "failed"}
    assert {event.event for event in before} <= {"start", "message", "reasoning", "heartbeat"}


def cases(operation: Any, mode: str) -> st.SearchStrategy[Any]:
    """Return requests for an operation: `positive` ones keep to its description, others do not."""
    from schemathesis import GenerationMode
    from schemathesis.generation.feedback import NO_FEEDBACK  # nothing that differs between runs

    fixed = {"pk": UNKNOWN} if "{pk}" in operation.path else None  # else it is another URL
    return operation.as_strategy(
        generation_mode=GenerationMode(mode), feedback=NO_FEEDBACK, path_parameters=fixed
    )


@settings
class SchemaTests(PersonTestCase):
    operations: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        loaded = schema()
        loaded.app = WSGIHandler()
        cls.operations = {found.ok().label: found.ok() for found in loaded.get_all_operations()}

    def ask_all(self, mode: str, count: int) -> None:
        for label, operation in self.operations.items():
            with self.subTest(label), fake_driver(*ANSWER):
                self.ask_often(cases(operation, mode), count)

    def ask_often(self, found: st.SearchStrategy[Any], count: int) -> None:
        # A failure says how to repeat it; looking for a shorter one would take minutes.
        @examples(count, phases=[Phase.generate])
        @given(found, st.integers(0, 99), st.integers(0, 9))
        def ask(self: Any, case: Any, pick: int, chance: int) -> None:
            self.place(case, pick)
            self.ask(case, is_stranger=chance == 9)

        ask(self)

    def place(self, case: Any, pick: int) -> None:
        """Let the request be about one of the person's rows, or one that is not there."""
        rows = self.conversations if "conversations" in case.path else self.answers
        pool = [*(self.questions if "edit" in case.path else rows), UNKNOWN]
        if "pk" in case.path_parameters:
            case.path_parameters["pk"] = pool[pick % len(pool)]
        if isinstance(case.body, dict) and "conversation" in case.body:
            case.body["conversation"] = [*self.conversations, UNKNOWN][pick % 7]

    def ask(self, case: Any, *, is_stranger: bool) -> None:
        cookies = {"csrftoken": TOKEN} if is_stranger else self.cookies
        response = case.call(headers={"X-CSRFToken": TOKEN}, cookies=cookies)
        is_stream = response.headers.get("content-type") == ["text/event-stream"]
        case.validate_response(response, checks=checks(of_a_stream=is_stream))
        if is_stream:
            assert_stream(response.content)

    def test_what_the_description_allows(self) -> None:
        self.ask_all("positive", 40)

    def test_what_it_does_not_allow(self) -> None:
        self.ask_all("negative", 25)
