"""The published schemas of the built-in kinds, from PyPI's kubernetes-validate."""

from __future__ import annotations

import json
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .node import Node

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def schema_directory(version: str) -> Path:
    """Where the schemas of a Kubernetes minor version ("1.31") are.

    Raises `LookupError` when the package has none.
    """
    package = find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise LookupError("kubernetes-validate is not installed")
    path = Path(package.origin).parent / "kubernetes-json-schema" / f"v{version}.0-local"
    if not path.is_dir():
        raise LookupError(f"kubernetes-validate has no schemas of Kubernetes {version}")
    return path


class BuiltInSchemas:
    """The definitions of one Kubernetes version, compiled as they are asked for."""

    def __init__(self, version: str) -> None:
        self.version = version
        self._path = schema_directory(version) / "_definitions.json"
        self._nodes: dict[str, Node] = {}

    @cached_property
    def definitions(self) -> dict[str, Any]:
        return json.loads(self._path.read_text())["$defs"]

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str, str], str]:
        return {
            (entry["group"], entry["version"], entry["kind"]): name
            for name, definition in self.definitions.items()
            for entry in definition.get("x-kubernetes-group-version-kind", ())
        }

    def definition_name(self, group: str, version: str, kind: str) -> str | None:
        return self._by_kind.get((group, version, kind))

    def node(self, name: str) -> Node:
        """The node of a definition, by its full name or a reference to it."""
        name = name.rsplit("/", 1)[-1]
        found = self._nodes.get(name)
        if found is None:
            found = self._nodes[name] = Node(self.definitions[name], self.node, name.rsplit(".", 1)[-1])
        return found

    def kind(self, group: str, version: str, kind: str) -> Node | None:
        """The node of a kind; None if this version doesn't know it."""
        name = self.definition_name(group, version, kind)
        return self.node(name) if name else None


@cache
def schemas_of(version: str) -> BuiltInSchemas:
    """The schemas of a version, read once per process."""
    return BuiltInSchemas(version)
