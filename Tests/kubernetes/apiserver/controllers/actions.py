"""What controllers do to objects: the same writes that clients make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import now
from ..cluster import Cluster
from ..errors import ApiError
from ..objects import create, delete, metadata, pipeline, update
from ..objects.write import by_controller

Obj = dict[str, Any]


def get(cluster: Cluster, kind: str, namespace: str, name: str) -> Obj | None:
    """An object of a built-in kind; nobody changes it."""
    stored = cluster.store.get(cluster.registry.built_in(kind).stored, (namespace, name))
    return stored.obj if stored else None


def list_all(cluster: Cluster, kind: str, namespace: str = "") -> list[Obj]:
    """All objects of a built-in kind; nobody changes them."""
    return [stored.obj for stored in cluster.store.select(cluster.registry.built_in(kind).stored, namespace)]


async def make(cluster: Cluster, manager: str, obj: Obj) -> Obj:
    """Create an object."""
    kind = cluster.registry.named(obj["apiVersion"], obj["kind"])
    if kind is None:
        raise ApiError(404, "NotFound", f"no kind {obj['kind']}")
    stored = await create.create(cluster, kind, obj["metadata"].get("namespace", ""), obj, by_controller(manager))
    return stored.obj


async def change(
    cluster: Cluster, manager: str, obj: Obj, alter: Callable[[Obj], None], subresource: str = ""
) -> Obj | None:
    """Alter the newest version of an object; None if it is gone."""
    kind = cluster.registry.named(obj["apiVersion"], obj["kind"])
    if kind is None:
        return None
    stored = cluster.store.get(kind.stored, pipeline.key_of(obj))
    if stored is None or stored.obj["metadata"]["uid"] != obj["metadata"]["uid"]:
        return None
    altered = stored.copy()
    alter(altered)
    if altered == stored.obj:
        return stored.obj
    result = await update.store_changed(cluster, kind, altered, stored, by_controller(manager), subresource)
    return result.obj


def set_status(cluster: Cluster, manager: str, obj: Obj, status: Obj) -> None:
    """Replace an object's status, without admission."""
    kind = cluster.registry.named(obj["apiVersion"], obj["kind"])
    stored = cluster.store.get(kind.stored, pipeline.key_of(obj)) if kind else None
    if kind is None or stored is None or stored.obj["metadata"]["uid"] != obj["metadata"]["uid"]:
        return
    if stored.obj.get("status") == status:
        return
    altered = stored.copy() | {"status": status}
    write = by_controller(manager)
    pipeline.own_update(cluster, kind, altered, stored.obj, write, "status")
    pipeline.commit(cluster, kind, altered, stored, write)


def place(cluster: Cluster, manager: str, pod: Obj, node: str) -> None:
    """Bind a pod to a node, which no ordinary update may do."""
    kind = cluster.registry.built_in("Pod")
    stored = cluster.store.get(kind.stored, pipeline.key_of(pod))
    if stored is not None:
        altered = stored.copy()
        altered["spec"]["nodeName"] = node
        pipeline.own_update(cluster, kind, altered, stored.obj, by_controller(manager), "")
        pipeline.commit(cluster, kind, altered, stored, by_controller(manager))


async def remove(cluster: Cluster, obj: Obj, account: str = "generic-garbage-collector", **options: Any) -> None:
    """Delete an object, if it is still the same; `account` is whom admission sees."""
    kind = cluster.registry.named(obj["apiVersion"], obj["kind"])
    if kind is None:
        return
    namespace, name = pipeline.key_of(obj)
    options = {"propagationPolicy": "Background"} | options | {"preconditions": {"uid": obj["metadata"]["uid"]}}
    try:
        await delete.delete(cluster, kind, namespace, name, options, by_controller("garbage-collector", account))
    except ApiError as error:
        if error.code not in (404, 409):
            raise


async def drop_finalizer(cluster: Cluster, manager: str, obj: Obj, name: str) -> None:
    """Take a finalizer off an object, which may end it."""

    def alter(altered: Obj) -> None:
        kept = [finalizer for finalizer in altered["metadata"].get("finalizers", ()) if finalizer != name]
        altered["metadata"]["finalizers"] = kept
        if not kept:
            del altered["metadata"]["finalizers"]

    await change(cluster, manager, obj, alter)


async def tell(cluster: Cluster, component: str, about: Obj, reason: str, message: str, kind: str = "Normal") -> None:
    """Record an event; the same event again counts one more."""
    meta = about["metadata"]
    namespace = meta.get("namespace", "default")
    involved = {
        "kind": about["kind"],
        "namespace": namespace,
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": meta["resourceVersion"],
    }
    said = (meta["uid"], reason, message)
    before = get(cluster, "Event", namespace, cluster.told.name(said) or "")
    if before is not None:
        await change(cluster, component, before, _count)
        return
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name'][:200]}.{metadata.suffix(16)}", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": now(),
        "lastTimestamp": now(),
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
    }
    try:
        made = await make(cluster, component, event)
        cluster.told.remember(said, made["metadata"]["name"])
    except ApiError as error:
        if error.code not in (403, 404):
            raise


def _count(event: Obj) -> None:
    event["count"] = event.get("count", 1) + 1
    event["lastTimestamp"] = now()


def owner_reference(owner: Obj, controller: bool = True) -> Obj:
    """The reference of a dependent to what controls it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": controller,
        "blockOwnerDeletion": True,
    }


def controlled_by(obj: Obj, owner: Obj) -> bool:
    """Whether an object's controller is `owner`."""
    return any(
        reference.get("controller") and reference["uid"] == owner["metadata"]["uid"]
        for reference in obj["metadata"].get("ownerReferences", ())
    )


def dependents(cluster: Cluster, kind: str, owner: Obj) -> list[Obj]:
    """Objects of a kind that `owner` controls, in the owner's namespace."""
    wanted, namespace = cluster.registry.built_in(kind).stored, owner["metadata"].get("namespace", "")
    return [
        stored.obj
        for prefix, key, stored in cluster.store.dependents(owner["metadata"]["uid"])
        if prefix == wanted and namespace in ("", key[0]) and controlled_by(stored.obj, owner)
    ]


def condition(kind: str, holds: bool | str, reason: str = "", message: str = "", before: Any = ()) -> Obj:
    """A condition; its transition time stays when its status does."""
    status = holds if isinstance(holds, str) else "True" if holds else "False"
    old = next((entry for entry in before if entry["type"] == kind), None)
    time = old["lastTransitionTime"] if old is not None and old["status"] == status else now()
    entry = {"type": kind, "status": status, "lastTransitionTime": time}
    if reason:
        entry["reason"] = reason
    if message:
        entry["message"] = message
    return entry
