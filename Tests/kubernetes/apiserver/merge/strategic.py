"""Strategic merge patch: lists merge by key where the schema gives one, and `$` directives."""

from __future__ import annotations

import copy
from typing import Any

from ..schema.node import FREE, Node
from .json_patch import PatchError

_ORDER, _REMOVE, _RETAIN = "$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys"


def strategic_merge(node: Node, target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """The patch applied to a copy of an object of a built-in kind."""
    return _struct(node, target if isinstance(target, dict) else {}, patch)


def _struct(node: Node, target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchError(f"unknown patch type: {directive} in map: map[$patch:{directive}]")
    result = dict(target)
    if _RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key.startswith(_REMOVE):
            name = key[len(_REMOVE) :]
            result[name] = [item for item in result.get(name, []) if item not in value]
        elif not key.startswith("$"):
            _set(node.field(key) or FREE, result, key, value)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            name = key[len(_ORDER) :]
            if isinstance(result.get(name), list):
                result[name] = _ordered(node.field(name) or FREE, result[name], order)
    return result


def _set(node: Node, result: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        result[key] = _struct(node, result[key] if isinstance(result.get(key), dict) else {}, value)
    elif isinstance(value, list) and _merges(node):
        result[key] = _list(node, result.get(key) or [], value)
    else:
        result[key] = copy.deepcopy(value)


def _merges(node: Node) -> bool:
    return "merge" in node.raw.get("x-kubernetes-patch-strategy", "").split(",")


def _list(node: Node, target: list[Any], patch: list[Any]) -> list[Any]:
    merge_key = node.raw.get("x-kubernetes-patch-merge-key")
    if merge_key is None:
        return target + [item for item in patch if item not in target]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copy.deepcopy(item) for item in patch if item.get("$patch") != "replace"]
    result = list(target)
    for item in patch:
        if not isinstance(item, dict) or merge_key not in item:
            shown = " ".join(f"{key}:{value}" for key, value in item.items()) if isinstance(item, dict) else item
            raise PatchError(f"map: map[{shown}] does not contain declared merge key: {merge_key}")
        matches = [index for index, old in enumerate(result) if old.get(merge_key) == item[merge_key]]
        if item.get("$patch") == "delete":
            result = [old for index, old in enumerate(result) if index not in matches]
        elif matches:
            result[matches[0]] = _struct(node.items or FREE, result[matches[0]], item)
        else:
            result.append(_struct(node.items or FREE, {}, item))
    return result


def _ordered(node: Node, items: list[Any], order: list[Any]) -> list[Any]:
    """The items in the order a patch wants; those it doesn't name keep their place before the rest."""
    merge_key = node.raw.get("x-kubernetes-patch-merge-key")

    def identity(item: Any) -> Any:
        return item.get(merge_key) if isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    named = sorted((i for i in items if identity(i) in wanted), key=lambda item: wanted.index(identity(item)))
    remaining = iter(named)
    return [next(remaining) if identity(item) in wanted else item for item in items]
