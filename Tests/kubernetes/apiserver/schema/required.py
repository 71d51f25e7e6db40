"""Required fields of built-in kinds, as their published schemas list them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..fielderrors import FieldError, required
from .node import Node


def missing_fields(node: Node, value: Any, path: str = "") -> Iterator[FieldError]:
    """An error for each required field that an object lacks, anywhere in it."""
    if isinstance(value, dict):
        for name in node.raw.get("required", ()):
            if name not in value:
                yield required(f"{path}.{name}" if path else name)
        if node.free_form:
            return
        for key, item in value.items():
            child = node.field(key)
            if child is not None and isinstance(item, (dict, list)):
                step = f"[{key}]" if node.property(key) is None else f".{key}" if path else key
                yield from missing_fields(child, item, path + step)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            yield from missing_fields(node.items, item, f"{path}[{index}]")
