"""The kinds served now: built-in ones of the chosen version and those of established CRDs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .kinds import BUILT_IN, Kind
from .schema.builtin import BuiltInSchemas
from .schema.custom import CustomRoot
from .schema.node import Node


@dataclass(frozen=True)
class Custom:
    """What a CRD says of one version of its kind, beyond the names."""

    node: Node
    storage: bool
    crd: str
    scale_paths: dict[str, str] | None = None
    selectable: frozenset[str] = frozenset()


class Registry:
    """Kinds by path and by name."""

    def __init__(self, schemas: BuiltInSchemas) -> None:
        self.schemas = schemas
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_name: dict[tuple[str, str, str], Kind] = {}
        self._nodes: dict[Kind, Node] = {}
        for kind in BUILT_IN:
            if schemas.definition_name(kind.group, kind.version, kind.name):
                self._add(kind)

    def _add(self, kind: Kind) -> None:
        self._by_path[kind.group, kind.version, kind.plural] = kind
        self._by_name[kind.group, kind.version, kind.name] = kind

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_path.get((group, version, plural))

    def named(self, api_version: str, name: str) -> Kind | None:
        group, _, version = api_version.rpartition("/")
        return self._by_name.get((group, version, name))

    def built_in(self, name: str) -> Kind:
        """A built-in kind by its name alone; of two, the first."""
        return next(kind for kind in self._by_name.values() if kind.name == name and kind.custom is None)

    def all(self) -> list[Kind]:
        return list(self._by_path.values())

    def node(self, kind: Kind) -> Node:
        """The schema of a kind."""
        if kind.custom is not None:
            return kind.custom.node
        node = self._nodes.get(kind)
        if node is None:
            node = self.schemas.kind(kind.group, kind.version, kind.name)
            if node is None:
                raise LookupError(kind.name)
            self._nodes[kind] = node
        return node

    def serve(self, crd: dict[str, Any]) -> None:
        """Serve the versions of a CRD, in place of those it had before."""
        self.withdraw(crd["metadata"]["name"])
        for kind in self._kinds_of(crd):
            self._add(kind)

    def withdraw(self, crd_name: str) -> None:
        """Serve no version of a CRD any more."""
        for table in (self._by_path, self._by_name):
            for key, kind in list(table.items()):
                if kind.custom is not None and kind.custom.crd == crd_name:
                    del table[key]

    def _kinds_of(self, crd: dict[str, Any]) -> list[Kind]:
        spec = crd["spec"]
        names = spec["names"]
        found = []
        for version in spec["versions"]:
            if not version.get("served"):
                continue
            subresources = version.get("subresources") or {}
            custom = Custom(
                CustomRoot(version["schema"]["openAPIV3Schema"], self.schemas),
                version["storage"],
                crd["metadata"]["name"],
                subresources.get("scale"),
                frozenset(entry["jsonPath"].lstrip(".") for entry in version.get("selectableFields", ())),
            )
            found.append(
                Kind(
                    spec["group"],
                    version["name"],
                    names["kind"],
                    names["plural"],
                    spec["scope"] == "Namespaced",
                    tuple(names.get("shortNames", ())),
                    tuple(names.get("categories", ())),
                    "status" in subresources,
                    "scale" in subresources,
                    singular=names.get("singular", ""),
                    list_name=names.get("listKind", ""),
                    custom=custom,
                )
            )
        return found
