"""Server-side apply's merge of an applied configuration into the live object."""

from __future__ import annotations

import copy
from typing import Any

from ..schema.decode import json_type
from ..schema.node import FREE, Node
from .fields import DuplicateItems, Path, is_granular, item_key, keyed

Tree = dict[str, Any]


_NUMERIC = frozenset(("integer", "number"))
_WANTED = {
    "object": "map",
    "array": "list",
    "string": "string",
    "boolean": "boolean",
    "number": "float",
    "integer": "numeric (int or float)",
}


def check_typed(node: Node, value: Any, path: str = "") -> list[str]:
    """What of an applied configuration the schema doesn't allow, one text per problem."""
    kind = json_type(value)
    problems: list[str] = []
    if kind == "null":
        return problems
    if node.types and kind not in node.types and not (kind in _NUMERIC and node.types & _NUMERIC):
        wanted = " or ".join(_WANTED[name] for name in sorted(node.types))
        return [f"{path}: expected {wanted}, got &{{{value}}}"]
    if isinstance(value, dict):
        for key, item in value.items():
            child = node.field(key)
            if child is None:
                if not (node.embedded and key in ("apiVersion", "kind", "metadata")):
                    problems.append(f"{path}.{key}: field not declared in schema")
            else:
                problems += check_typed(child, item, f"{path}.{key}")
    elif isinstance(value, list):
        if node.list_keys or node.is_set:
            try:
                keyed(node, value)
            except DuplicateItems as error:
                problems.append(f"{path}: duplicate entries for key {_key_text(str(error))}")
            for key in node.list_keys if value else ():
                if any(isinstance(item, dict) and "null" in item_key(node, item) for item in value):
                    problems.append(
                        f"{path}: element 0: associative list with keys has an element that omits key field {key!r}"
                    )
        for index, item in enumerate(value):
            problems += check_typed(node.items or FREE, item, f"{path}[{index}]")
    return problems


def _key_text(key: str) -> str:
    return "[" + key.strip("{}").replace('":', "=").replace('"', "", 1) + "]" if key.startswith("{") else key


def merged(node: Node, live: Any, applied: Any) -> Any:
    """The live value with the applied one laid over it; neither is changed."""
    if isinstance(live, dict) and isinstance(applied, dict) and not node.atomic:
        result = dict(live)
        for key, item in applied.items():
            child = node.field(key) or FREE
            result[key] = merged(child, live[key], item) if key in live else copy.deepcopy(item)
        return result
    if isinstance(live, list) and isinstance(applied, list) and is_granular(node, applied):
        return _merged_list(node, live, applied)
    return copy.deepcopy(applied)


def _merged_list(node: Node, live: list[Any], applied: list[Any]) -> list[Any]:
    """Both lists by their keys: applied items in their order, the others where they were between them.

    Source: structured-merge-diff v4, `mergingWalker.visitListItems`.
    """
    old = {item_key(node, item): item for item in live}
    new = keyed(node, applied)
    left, right = list(old), list(new)
    shared = [key for key in right if key in old]
    result: list[Any] = []
    taken: set[str] = set()

    def take(key: str) -> None:
        taken.add(key)
        both = key in old
        result.append(merged(node.items or FREE, old[key], new[key]) if both else copy.deepcopy(new[key]))
        if shared and shared[0] == key:
            shared.pop(0)

    while left or right:
        if left and right and left[0] == right[0]:
            take(left.pop(0))
            right.pop(0)
        elif left and right and left[0] in new and shared and shared[0] != left[0]:
            left.pop(0)
        elif left and left[0] not in new:
            result.append(old[left.pop(0)])
        elif left and left[0] in taken:
            left.pop(0)
        elif right:
            take(right.pop(0))
        else:
            left.pop(0)
    return result


def without(node: Node, value: Any, paths: set[Path], kept: frozenset[Path]) -> Any:
    """The value without the fields at `paths`; containers emptied by it go too, unless kept."""
    tree: Tree = {}
    for path in paths:
        here = tree
        for step in path:
            here = here.setdefault(step, {})
        here["end"] = True
    return _removed(node, value, tree, (), kept)


_GONE = object()


def _removed(node: Node, value: Any, tree: Tree, path: Path, kept: frozenset[Path]) -> Any:
    if "end" in tree and (len(tree) == 1 or (path and path[-1][0] == "k")):
        return _GONE
    if isinstance(value, dict):
        result: Any = {}
        for key, item in value.items():
            step = "f:" + key
            if step in tree:
                item = _removed(node.field(key) or FREE, item, tree[step], (*path, step), kept)
            if item is not _GONE:
                result[key] = item
    elif isinstance(value, list) and is_granular(node, value):
        result = []
        for item in value:
            step = item_key(node, item)
            if step in tree:
                item = _removed(node.items or FREE, item, tree[step], (*path, step), kept)
            if item is not _GONE:
                result.append(item)
    else:
        return value
    return _GONE if not result and path and path not in kept and len(path) > 1 else result
