"""Where objects are on the server, by discovery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apiserver.client import Client

Obj = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A kind as the server has it."""

    root: str
    plural: str
    kind: str
    namespaced: bool
    verbs: frozenset[str]

    def collection(self, namespace: str = "") -> str:
        return f"{self.root}/namespaces/{namespace}/{self.plural}" if namespace else f"{self.root}/{self.plural}"

    def path(self, obj: Obj) -> str:
        meta = obj["metadata"]
        return f"{self.collection(meta.get('namespace', '') if self.namespaced else '')}/{meta['name']}"


def of_version(api: Client, api_version: str) -> list[Resource]:
    """The resources of a group and version; none where the server doesn't have it."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    reply = api.get(root)
    if reply.status != 200:
        return []
    return [
        Resource(root, entry["name"], entry["kind"], entry["namespaced"], frozenset(entry["verbs"]))
        for entry in reply.json["resources"]
        if "/" not in entry["name"]
    ]


def of(api: Client, obj: Obj) -> Resource:
    """The resource of an object's kind."""
    found = (resource for resource in of_version(api, obj["apiVersion"]) if resource.kind == obj["kind"])
    resource = next(found, None)
    if resource is None:
        raise LookupError(f"the server has no {obj['kind']} in {obj['apiVersion']}")
    return resource


def everywhere(api: Client) -> Iterator[Resource]:
    """Every resource, each in the version that the server prefers."""
    yield from of_version(api, "v1")
    for group in api.get("/apis").json["groups"]:
        yield from of_version(api, group["preferredVersion"]["groupVersion"])
