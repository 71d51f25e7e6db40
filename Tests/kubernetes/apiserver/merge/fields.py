"""The fields of an object as paths, and paths as the `fieldsV1` of managedFields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..schema.node import FREE, Node

Path = tuple[str, ...]
"""Steps as in fieldsV1: `f:name`, `k:{"name":"x"}`, `v:"x"`."""

ITEM = object()
"""The value of the path of a list's item itself."""

_KEY_DEFAULTS = {"protocol": "TCP", "name": ""}
UNOWNED = frozenset(
    (
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name namespace uid creationTimestamp resourceVersion generation managedFields selfLink "
                "deletionTimestamp deletionGracePeriodSeconds"
            ).split()
        ),
    )
)
"""Fields that no manager owns."""


_EMBEDDED = frozenset(
    f"f:{name}"
    for name in (
        "metadata spec status template strategy updateStrategy names jobTemplate source containers "
        "involvedObject nodeInfo daemonEndpoints loadBalancer volumeClaimTemplate acceptedNames"
    ).split()
)


class DuplicateItems(Exception):
    """Two items of a list of type map or set have the same key."""


def item_key(node: Node, item: Any) -> str:
    """The step that names an item of a list of type map or set."""
    if node.list_keys and isinstance(item, dict):
        keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(node.list_keys)}
        return "k:" + json.dumps({k: v for k, v in keys.items() if v is not None}, separators=(",", ":"))
    return "v:" + json.dumps(item, separators=(",", ":"))


def keyed(node: Node, items: list[Any]) -> dict[str, Any]:
    """The items of a list of type map or set by their steps, in order.

    Raises `DuplicateItems`.
    """
    found: dict[str, Any] = {}
    for item in items:
        key = item_key(node, item)
        if key in found:
            raise DuplicateItems(key[2:])
        found[key] = item
    return found


def is_granular(node: Node, value: Any) -> bool:
    """Whether parts of a value have owners of their own."""
    if isinstance(value, dict):
        return not node.atomic
    return isinstance(value, list) and bool(node.list_keys or node.is_set)


def leaves(node: Node, value: Any, containers: bool = False) -> dict[Path, Any]:
    """The owned fields of an object with their values; with `containers` also what holds them.

    An update owns the maps, lists and optional structs it brings into being, an apply doesn't.
    """
    found: dict[Path, Any] = {}
    _collect(node, value, (), found, containers)
    for path in UNOWNED & found.keys():
        del found[path]
    return found


def _collect(node: Node, value: Any, path: Path, found: dict[Path, Any], containers: bool) -> None:
    if containers and value and path and is_granular(node, value) and _is_optional(node, path):
        found[path] = ITEM
    if isinstance(value, dict) and value and not node.atomic:
        for key, item in value.items():
            _collect(node.field(key) or FREE, item, (*path, "f:" + key), found, containers)
    elif isinstance(value, list) and node.list_keys and value:
        for key, item in _keyed_loosely(node, value):
            found[(*path, key)] = ITEM
            _collect(node.items or FREE, item, (*path, key), found, containers)
    elif isinstance(value, list) and node.is_set and value:
        for key, _ in _keyed_loosely(node, value):
            found[(*path, key)] = ITEM
    else:
        found[path] = value


def _is_optional(node: Node, path: Path) -> bool:
    """Whether a container can be absent: in built-in kinds some structs and lists are always there."""
    step = path[-1]
    if step[0] == "k":
        return False
    if any(earlier[0] == "k" for earlier in path[:-1]):
        return True
    return node.custom or not (step in _EMBEDDED or path[-2:] == ("f:spec", "f:resources"))


def _keyed_loosely(node: Node, items: list[Any]) -> Iterator[tuple[str, Any]]:
    return ((item_key(node, item), item) for item in items)


def to_fields_v1(paths: frozenset[Path] | set[Path]) -> dict[str, Any]:
    """The nested form in which managedFields keeps paths."""
    root: dict[str, Any] = {}
    places = []
    for path in sorted(paths):
        here = root
        for step in path:
            here = here.setdefault(step, {})
        places.append(here)
    for here in places:
        if here:
            here["."] = {}
    return root


def from_fields_v1(fields: dict[str, Any]) -> frozenset[Path]:
    """The paths of a nested form."""
    found: set[Path] = set()

    def walk(here: dict[str, Any], path: Path) -> None:
        for step, below in here.items():
            if step == ".":
                found.add(path)
            elif below:
                walk(below, (*path, step))
            else:
                found.add((*path, step))

    walk(fields, ())
    return frozenset(found)


def written(path: Path) -> str:
    """A path as messages show it: `.spec.containers[name="a"].image`."""
    text = ""
    for step in path:
        kind, rest = step[:2], step[2:]
        if kind == "f:":
            text += "." + rest
        elif kind == "k:":
            keys = json.loads(rest)
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in keys.items()) + "]"
        else:
            text += f"[={rest}]"
    return text
