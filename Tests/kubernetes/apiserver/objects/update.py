"""Updates of objects: PUT, and the last step of the patches that are not applied configurations."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from ..storage.versions import Stored
from . import incoming, metadata, pipeline
from .create import create
from .write import Write

_CREATED_BY_UPDATE = frozenset(("Lease", "Endpoints", "Event", "LimitRange", "ResourceQuota"))


async def update(
    cluster: Cluster, kind: Kind, namespace: str, name: str, raw: dict[str, Any], write: Write, subresource: str = ""
) -> Stored:
    """Replace an object by a request's body."""
    stored = cluster.store.get(kind.stored, (namespace, name))
    if stored is None:
        if kind.custom is None and kind.name in _CREATED_BY_UPDATE and not subresource:
            if (raw.get("metadata") or {}).get("resourceVersion"):
                raise errors.not_found(kind, name)
            return await create(cluster, kind, namespace, raw, write)
        raise errors.not_found(kind, name)
    obj = incoming.decoded(cluster, kind, raw, write)
    incoming.check_address(kind, obj, namespace, name)
    return await store_changed(cluster, kind, obj, stored, write, subresource)


async def store_changed(
    cluster: Cluster,
    kind: Kind,
    obj: dict[str, Any],
    stored: Stored,
    write: Write,
    subresource: str = "",
    managed: list[dict[str, Any]] | None = None,
) -> Stored:
    """Store a decoded new version of an object; `managed` as in `store_new`."""
    old = stored.obj
    metadata.keep(kind, obj, old)
    obj = confined(kind, obj, old, subresource)
    metadata.bump_generation(kind, obj, old)
    if managed is None:
        pipeline.own_update(cluster, kind, obj, old, write, subresource)
    else:
        pipeline.set_managed(obj, managed)
    obj = await pipeline.admit(cluster, kind, obj, old, write, subresource)
    return pipeline.commit(cluster, kind, obj, stored, write)


def confined(kind: Kind, obj: dict[str, Any], old: dict[str, Any], subresource: str) -> dict[str, Any]:
    """The new version with everything put back that the subresource cannot write."""
    if subresource == "status":
        result = {**old, "metadata": dict(old["metadata"])}
        result.pop("status", None)
        return result | ({"status": obj["status"]} if "status" in obj else {})
    if kind.status:
        obj.pop("status", None)
        if "status" in old:
            obj["status"] = old["status"]
    return obj
