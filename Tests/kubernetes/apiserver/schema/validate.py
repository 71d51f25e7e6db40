"""Validation of custom resources against their structural schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..fielderrors import FieldError, duplicate, invalid, required, too_long, too_many, unsupported, wrong_type
from .decode import json_type
from .node import Node


def violations(node: Node, value: Any, path: str = "") -> Iterator[FieldError]:
    """An error for each rule of the schema that a value breaks."""
    if value is None and node.raw.get("nullable"):
        return
    kind = json_type(value)
    if node.types and kind not in node.types and not (kind == "integer" and "number" in node.types):
        expected = "integer,string" if len(node.types) > 1 else next(iter(node.types))
        yield wrong_type(path or "<nil>", kind, f'{path} in body must be of type {expected}: "{kind}"')
        return
    if "enum" in node.raw and value not in node.raw["enum"]:
        yield unsupported(path, value, node.raw["enum"])
    yield from _combined(node, value, path)
    if kind == "string":
        yield from _string(node.raw, value, path)
    elif kind in ("integer", "number"):
        yield from _number(node.raw, value, path)
    elif kind == "array":
        yield from _array(node, value, path)
    elif kind == "object":
        yield from _object(node, value, path)


def _combined(node: Node, value: Any, path: str) -> Iterator[FieldError]:
    def holds(raw: dict[str, Any]) -> bool:
        return next(violations(node._child(raw), value, path), None) is None

    raw = node.raw
    for part in raw.get("allOf", ()):
        yield from violations(node._child(part), value, path)
    if "anyOf" in raw and not raw.get("x-kubernetes-int-or-string") and not any(map(holds, raw["anyOf"])):
        yield invalid(path, value, f"{path} in body must validate at least one schema (anyOf)")
    if "oneOf" in raw and sum(map(holds, raw["oneOf"])) != 1:
        yield invalid(path, value, f"{path} in body must validate one and only one schema (oneOf)")
    if "not" in raw and holds(raw["not"]):
        yield invalid(path, value, f"{path} in body must not validate the schema (not)")


def _string(raw: dict[str, Any], value: str, path: str) -> Iterator[FieldError]:
    if len(value) > raw.get("maxLength", len(value)):
        yield too_long(path, raw["maxLength"])
    elif len(value) < raw.get("minLength", 0):
        yield invalid(path, value, f"{path} in body should be at least {raw['minLength']} chars long")
    elif "pattern" in raw and not _compiled(raw["pattern"]).search(value):
        yield invalid(path, value, f"{path} in body should match '{raw['pattern']}'")
    if raw.get("format") == "date-time" and not re.match(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", value):
        yield wrong_type(path, value, f'{path} in body must be of type date-time: "{value}"')


def _number(raw: dict[str, Any], value: float, path: str) -> Iterator[FieldError]:
    low, high = raw.get("minimum"), raw.get("maximum")
    if low is not None and (value <= low if raw.get("exclusiveMinimum") else value < low):
        word = "greater than" if raw.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {low}")
    if high is not None and (value >= high if raw.get("exclusiveMaximum") else value > high):
        word = "less than" if raw.get("exclusiveMaximum") else "less than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {high}")
    if "multipleOf" in raw and value % raw["multipleOf"]:
        yield invalid(path, value, f"{path} in body should be a multiple of {raw['multipleOf']}")
    if raw.get("format") == "int32" and not -(2**31) <= value < 2**31:
        yield invalid(path, value, f'{path} in body must be of type int32: "{value}"')


def _array(node: Node, value: list[Any], path: str) -> Iterator[FieldError]:
    raw = node.raw
    if len(value) > raw.get("maxItems", len(value)):
        yield too_many(path, len(value), raw["maxItems"])
    if len(value) < raw.get("minItems", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {raw['minItems']} items")
    seen: list[Any] = []
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        identity = item
        if node.list_keys and isinstance(item, dict):
            identity = {key: item.get(key) for key in node.list_keys}
        if (node.list_keys or node.is_set or raw.get("uniqueItems")) and identity in seen:
            yield duplicate(where, identity)
        seen.append(identity)
        if node.items is not None:
            yield from violations(node.items, item, where)


def _object(node: Node, value: dict[str, Any], path: str) -> Iterator[FieldError]:
    raw = node.raw
    for name in (*raw.get("required", ()), *(("apiVersion", "kind") if node.embedded else ())):
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
    if len(value) > raw.get("maxProperties", len(value)):
        yield invalid(path, len(value), f"{path} in body should have at most {raw['maxProperties']} properties")
    if len(value) < raw.get("minProperties", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {raw['minProperties']} properties")
    for key, item in value.items():
        child = node.field(key)
        if child is not None and child.custom:
            yield from violations(child, item, f"{path}.{key}" if path else key)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
