"""The names that traces and metrics carry, in one place, since they are still moving.

OpenTelemetry's conventions for generative AI as of opentelemetry-semantic-conventions 0.66b2, which
is schema 1.44.0 (https://opentelemetry.io/docs/specs/semconv/gen-ai/). `mindwave.*` are ours, for
what the conventions have no name for.
"""

from __future__ import annotations

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"

CHAT: Final = "chat"  # the operation

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
# Options of a call, by the parameter that they become.
REQUEST_OPTIONS: Final = {
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
}
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHED_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"

STREAM_ID: Final = "mindwave.stream.id"
DRIVER: Final = "mindwave.driver"
OUTCOME: Final = "mindwave.outcome"
CANCEL_REASON: Final = "mindwave.cancel_reason"
USAGE_SOURCE: Final = "mindwave.usage.source"
COST: Final = "mindwave.cost"
CODE: Final = "mindwave.code"

OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105
STREAMS_RUNNING: Final = "mindwave.streams.running"
STREAMS_ENDED: Final = "mindwave.streams.ended"
STREAMS_RESUMED: Final = "mindwave.streams.resumed"
REQUESTS_REFUSED: Final = "mindwave.requests.refused"

# The boundaries that the conventions recommend, in seconds and in tokens.
DURATION_BUCKETS: Final = tuple(0.01 * 2**power for power in range(14))
TOKEN_BUCKETS: Final = tuple(4**power for power in range(14))
