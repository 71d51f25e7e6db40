"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

from __future__ import annotations

import copy
from typing import Any


class PatchError(Exception):
    """A patch that cannot be applied."""


def merge_patch(target: Any, patch: Any) -> Any:
    """A JSON merge patch applied; neither argument is changed."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(target: Any, operations: Any) -> Any:
    """A list of operations applied to a copy.

    Raises `PatchError` for a malformed operation, a missing path or a failed test.
    """
    if not isinstance(operations, list):
        raise PatchError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = copy.deepcopy(target)
    for operation in operations:
        document = _applied(document, operation)
    return document


def _applied(document: Any, operation: dict[str, Any]) -> Any:
    kind = operation.get("op")
    steps = _steps(operation.get("path"))
    if kind == "add":
        return _put(document, steps, copy.deepcopy(_value(operation)), insert=True)
    if kind == "replace":
        if isinstance(_get(document, steps[:-1]), list):
            _get(document, steps)
        return _put(document, steps, copy.deepcopy(_value(operation)), insert=False)
    if kind == "remove":
        return _drop(document, steps)
    if kind == "test":
        if _get(document, steps) != operation.get("value"):
            raise PatchError(f"testing value {operation['path']} failed: test failed")
        return document
    if kind in ("move", "copy"):
        source = _steps(operation.get("from"))
        value = copy.deepcopy(_get(document, source))
        if kind == "move":
            document = _drop(document, source)
        return _put(document, steps, value, insert=True)
    raise PatchError(f"Unexpected kind: {kind}")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchError("missing value")
    return operation["value"]


def _steps(pointer: Any) -> list[str]:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise PatchError(f"invalid path {pointer!r}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _get(document: Any, steps: list[str]) -> Any:
    here = document
    for step in steps:
        try:
            here = here[int(step)] if isinstance(here, list) else here[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise PatchError(f"path not found: /{'/'.join(steps)}: missing path") from None
    return here


def _put(document: Any, steps: list[str], value: Any, insert: bool) -> Any:
    if not steps:
        return value
    parent, last = _get(document, steps[:-1]), steps[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        index = len(parent) if last == "-" else int(last)
        if index > len(parent):
            raise PatchError(f"Unable to access invalid index: {index}: invalid index referenced")
        parent[index : index if insert else index + 1] = [value]
    else:
        raise PatchError(f"path not found: /{'/'.join(steps)}: missing path")
    return document


def _drop(document: Any, steps: list[str]) -> Any:
    _get(document, steps)
    parent, last = _get(document, steps[:-1]), steps[-1]
    del parent[int(last) if isinstance(parent, list) else last]
    return document
