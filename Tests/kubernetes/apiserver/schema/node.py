"""A schema node: the shape of one value, whichever schema it comes from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

Resolver = Callable[[str], "Node"]


class Node:
    """One schema, read lazily: children are made when asked for."""

    def __init__(self, raw: dict[str, Any], resolve: Resolver, name: str = "") -> None:
        self.raw = raw
        self.name = name
        """The Go type's name, for a definition of a built-in kind."""
        self._resolve = resolve
        self._properties: dict[str, Node] = {}

    def _child(self, raw: dict[str, Any]) -> Node:
        reference = raw.get("$ref")
        if reference is None:
            return Node(raw, self._resolve)
        target = self._resolve(reference)
        extensions = {key: raw[key] for key in raw if key.startswith("x-")}
        if not extensions:
            return target
        return Node({**target.raw, **extensions}, self._resolve, target.name)

    @cached_property
    def types(self) -> frozenset[str]:
        """JSON types allowed, null apart; empty: any."""
        if self.raw.get("x-kubernetes-int-or-string"):
            return frozenset(("integer", "string"))
        if "oneOf" in self.raw and "type" not in self.raw and self.name:
            return frozenset().union(*(self._child(option).types for option in self.raw["oneOf"]))
        declared = self.raw.get("type", ())
        declared = (declared,) if isinstance(declared, str) else declared
        return frozenset(kind for kind in declared if kind != "null")

    @cached_property
    def property_names(self) -> frozenset[str]:
        return frozenset(self.raw.get("properties", ()))

    def property(self, name: str) -> Node | None:
        """The schema of a declared field."""
        known = self._properties.get(name)
        if known is None and name in self.property_names:
            known = self._properties[name] = self._child(self.raw["properties"][name])
        return known

    @cached_property
    def values(self) -> Node | None:
        """The schema of a map's values; None for a struct."""
        raw = self.raw.get("additionalProperties")
        if isinstance(raw, dict):
            return self._child(raw)
        return FREE if raw is True else None

    @cached_property
    def items(self) -> Node | None:
        raw = self.raw.get("items")
        return self._child(raw) if isinstance(raw, dict) else None

    @cached_property
    def free_form(self) -> bool:
        """Whether fields that are not declared are kept."""
        if self.raw.get("x-kubernetes-preserve-unknown-fields"):
            return True
        return not self.custom and not self.property_names and self.values is None and self.types <= {"object"}

    custom = False

    @cached_property
    def embedded(self) -> bool:
        return bool(self.raw.get("x-kubernetes-embedded-resource"))

    @cached_property
    def list_keys(self) -> tuple[str, ...]:
        """The fields that identify an item, for a list of type map."""
        if self.raw.get("x-kubernetes-list-type") == "map":
            return tuple(self.raw.get("x-kubernetes-list-map-keys", ()))
        return ()

    @cached_property
    def is_set(self) -> bool:
        return self.raw.get("x-kubernetes-list-type") == "set"

    @cached_property
    def atomic(self) -> bool:
        """Whether a map or struct is owned as a whole."""
        return self.raw.get("x-kubernetes-map-type") == "atomic"

    def field(self, name: str) -> Node | None:
        """The schema of the value at a key of an object, declared or not."""
        found = self.property(name)
        if found is not None:
            return found
        if self.values is not None:
            return self.values
        return FREE if self.free_form else None


def _nowhere(reference: str) -> Node:
    raise LookupError(reference)


FREE = Node({"x-kubernetes-preserve-unknown-fields": True}, _nowhere)
"""Whatever a schema leaves open."""
FREE.custom = True
