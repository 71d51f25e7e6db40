"""Decoding of objects: types as the Go structs have them, undeclared fields dropped and told."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import ApiError
from ..quantity import QuantityError, canonical
from .node import Node

_GO_TYPES = {
    "boolean": "bool",
    "string": "string",
    "number": "float64",
    "array": "[]string",
    "object": "map[string]string",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


class DecodeError(Exception):
    """A value has a type its field cannot hold."""


@dataclass
class Decoded:
    """What came out of decoding, and what was dropped on the way."""

    value: Any = None
    unknown: list[str] = field(default_factory=list)


def json_type(value: Any) -> str:
    """The JSON type of a Python value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "null" if value is None else "object"


def decode(node: Node, value: Any) -> Decoded:
    """A copy of a built-in kind's object without nulls and undeclared fields.

    Raises `DecodeError` for a value of the wrong type.
    """
    decoded = Decoded()
    decoded.value = _decode(node, value, "", "", "", decoded.unknown)
    return decoded


def _is_omitted(parent: Node, node: Node, name: str, value: Any) -> bool:
    """Whether a field is left out when it is an empty map or list."""
    if not isinstance(value, (dict, list)) or name in parent.raw.get("required", ()):
        return False
    return isinstance(value, list) or node.values is not None


def _decode(node: Node, value: Any, path: str, go_path: str, struct: str, unknown: list[str]) -> Any:
    """`path` names the place with keys and indices, `go_path` by the fields of structs alone."""
    types = node.types
    if isinstance(value, dict):
        if types and "object" not in types:
            _mismatch(node, "object", go_path, struct)
        if node.free_form:
            return value
        result = {}
        owner = node.name or struct
        for key, item in value.items():
            child = node.field(key)
            where = f"{path}.{key}" if path else key
            here = go_path if node.property(key) is None else f"{go_path}.{key}"
            if child is None:
                unknown.append(where)
            elif item is not None:
                made = _decode(child, item, where, here, owner, unknown)
                if made or not _is_omitted(node, child, key, made):
                    result[key] = made
        return result
    if isinstance(value, list):
        if types and "array" not in types:
            _mismatch(node, "array", go_path, struct)
        items = node.items
        if items is None:
            return value
        return [
            _decode(items, item, f"{path}[{index}]", go_path, struct, unknown)
            if item is not None
            else _null_item(items)
            for index, item in enumerate(value)
        ]
    _check_scalar(node, value, go_path, struct)
    if node.name == "Quantity":
        try:
            return canonical(value)
        except QuantityError as error:
            raise DecodeError(str(error)) from None
    return value


def _null_item(items: Node) -> Any:
    """What a null in a list becomes in Go: the item's zero value."""
    return {"object": {}, "string": "", "integer": 0, "boolean": False}.get(next(iter(items.types), ""))


def _check_scalar(node: Node, value: Any, path: str, struct: str) -> None:
    types = node.types
    kind = json_type(value)
    if not types or kind in types or (kind == "integer" and "number" in types):
        form = node.raw.get("format")
        if kind == "integer" and form == "int32" and not -(2**31) <= value < 2**31:
            _mismatch(node, f"number {value}", path, struct)
        if kind == "string" and form == "byte":
            _check_base64(value)
        if kind == "string" and form == "date-time" and not _TIME.match(value):
            raise DecodeError(
                f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}" as "2006"'
            )
        return
    _mismatch(node, "number" if kind == "integer" else "bool" if kind == "boolean" else kind, path, struct)


def _check_base64(value: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError("illegal base64 data at input byte 0") from None


def _mismatch(node: Node, found: str, path: str, struct: str) -> None:
    go_type = node.raw.get("format") or next((_GO_TYPES[t] for t in sorted(node.types) if t in _GO_TYPES), "int64")
    if node.name:
        go_type = f"v1.{node.name}"
    elif node.items is not None and node.items.name:
        go_type = f"[]v1.{node.items.name}"
    raise DecodeError(f"json: cannot unmarshal {found} into Go struct field {struct}{path} of type {go_type}")


def decode_failure(kind: Any, error: DecodeError) -> ApiError:
    """The 400 for an object that cannot be decoded."""
    return ApiError(
        400,
        "BadRequest",
        f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: {error}',
    )
