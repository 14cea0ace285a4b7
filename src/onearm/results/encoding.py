"""Frozen results to JSON text and back, and the JSON Schema of each. Types decide, nothing is written by hand."""

from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object) -> str:
    """JSON text of a frozen result: fields in declared order, two spaces, a newline at the end."""
    from pydantic import TypeAdapter  # loaded on use: `import onearm` stays quick

    text = TypeAdapter(type(value)).dump_json(value, indent=2).decode()
    return text + "\n"


def from_json(text: str | bytes, kind: type[T]) -> T:
    """The frozen result that `to_json` wrote. Raises pydantic.ValidationError when it is not one."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_json(text)


def json_schema(kind: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a frozen result."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).json_schema(mode="serialization")
