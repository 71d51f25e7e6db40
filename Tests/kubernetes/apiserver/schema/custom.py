"""The schema of a custom resource, as its CustomResourceDefinition gives it."""

from __future__ import annotations

from typing import Any

from .builtin import META, BuiltInSchemas
from .node import Node


class CustomNode(Node):
    """A node of a structural schema: undeclared fields are pruned unless it says otherwise."""

    custom = True

    def _child(self, raw: dict[str, Any]) -> Node:
        return CustomNode(raw, self._resolve)


class CustomRoot(CustomNode):
    """The root: apiVersion, kind and metadata are always declared, as the server knows them."""

    def __init__(self, raw: dict[str, Any], schemas: BuiltInSchemas) -> None:
        super().__init__(raw, schemas.node)
        self._properties["apiVersion"] = self._properties["kind"] = CustomNode({"type": "string"}, schemas.node)
        self._properties["metadata"] = schemas.node(META)

    def published(self) -> dict[str, Any]:
        """The schema as OpenAPI documents show it: with the fields that every object has."""
        text = {"type": "string"}
        properties = {"apiVersion": text, "kind": text, "metadata": {"$ref": f"#/definitions/{META}"}}
        return {**self.raw, "properties": {**self.raw.get("properties", {}), **properties}}

    @property
    def property_names(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset(self.raw.get("properties", ())) | {"apiVersion", "kind", "metadata"}
