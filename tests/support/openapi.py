"""The OpenAPI description that the documentation ships."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.pages import DOCS

PATH = DOCS / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@cache
def schema() -> Any:
    """Return the description as schemathesis reads it, with none of this machine's settings."""
    import schemathesis  # takes a second

    return schemathesis.openapi.from_path(PATH, config=schemathesis.Config())


def description() -> dict[str, Any]:
    """Return the description as it stands in the file."""
    return schema().raw_schema


def component(kind: str, name: str) -> Any:
    return description()["components"][kind][name]


def resolve(node: Any) -> Any:
    """Return what a `$ref` refers to, or the node itself."""
    while "$ref" in node:
        _, *path = node["$ref"].split("/")
        node = description()
        for key in path:
            node = node[key]
    return node


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of every operation."""
    for path, item in description()["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def properties(node: Any) -> tuple[dict[str, Any], set[str]]:
    """Return the properties of an object's schema, and which of them it always has."""
    node = resolve(node)
    found, required = dict(node.get("properties", {})), set(node.get("required", []))
    for part in node.get("allOf", []):
        more, more_required = properties(part)
        found, required = found | more, required | more_required
    return found, required
