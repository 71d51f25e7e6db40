"""Pruning and defaulting of custom resources by their structural schema."""

from __future__ import annotations

import copy
from typing import Any

from .node import Node

_RESOURCE_FIELDS = ("apiVersion", "kind", "metadata")


def prune(node: Node, value: Any, path: str, unknown: list[str]) -> Any:
    """A copy without undeclared fields, whose paths are added to `unknown`."""
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            child = node.field(key)
            where = f"{path}.{key}" if path else key
            if child is not None:
                result[key] = prune(child, item, where, unknown)
            elif node.embedded and key in _RESOURCE_FIELDS:
                result[key] = item
            else:
                unknown.append(where)
        return result
    if isinstance(value, list) and node.items is not None:
        return [prune(node.items, item, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    return value


def apply_defaults(node: Node, value: Any) -> None:
    """Fill in the schema's defaults, in place; a null where null is not allowed counts as absent.

    Undeclared nulls stay.
    """
    if isinstance(value, dict):
        for name in node.raw.get("properties", ()):
            child = node.property(name)
            if child is None or not child.custom:
                continue
            absent = name not in value or (value[name] is None and not child.raw.get("nullable"))
            if absent and "default" in child.raw:
                value[name] = copy.deepcopy(child.raw["default"])
            elif absent:
                value.pop(name, None)
        for key, item in value.items():
            child = node.field(key)
            if child is not None and child.custom and isinstance(item, (dict, list)):
                apply_defaults(child, item)
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            apply_defaults(node.items, item)
