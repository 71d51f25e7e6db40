"""Garbage collection by ownerReferences: background, foreground and orphaning deletion."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..cluster import Cluster
from ..objects.delete import FOREGROUND, ORPHAN
from ..storage.versions import Event
from . import actions

_NAME = "garbage-collector"
_AGAIN = 0.02


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[Any, ...]]:
    """Objects that have owners or are going, and what depended on objects that are gone."""
    if event.current is None:
        uid = event.previous.obj["metadata"]["uid"] if event.previous else ""
        for prefix, key, _ in cluster.store.dependents(uid):
            yield (prefix, *key)
    elif event.current.obj["metadata"].get("ownerReferences") or _waits(event.current.obj):
        yield (event.prefix, *event.key)


def _waits(obj: actions.Obj) -> bool:
    finalizers = obj["metadata"].get("finalizers", ())
    return "deletionTimestamp" in obj["metadata"] and (FOREGROUND in finalizers or ORPHAN in finalizers)


async def reconcile(cluster: Cluster, key: tuple[Any, ...]) -> float | None:
    """Collect one object, or let go of its dependents."""
    prefix, namespace, name = key
    stored = cluster.store.get(prefix, (namespace, name))
    if stored is None:
        return None
    obj = stored.obj
    if _waits(obj):
        return await _release(cluster, obj)
    if "deletionTimestamp" in obj["metadata"]:
        return None
    await _collect(cluster, obj)
    return None


async def _collect(cluster: Cluster, obj: actions.Obj) -> None:
    """Delete an object none of whose owners lives; drop references to the dead when some do."""
    references = obj["metadata"].get("ownerReferences", [])
    if any(_is_misplaced(cluster, obj, reference) for reference in references):
        return
    alive = [reference for reference in references if _owner(cluster, obj, reference) is not None]
    if not references or len(alive) == len(references):
        waiting = [o for o in (_owner(cluster, obj, reference) for reference in references) if o is not None]
        going = [
            o
            for o in waiting
            if FOREGROUND in o["metadata"].get("finalizers", ()) and "deletionTimestamp" in o["metadata"]
        ]
        if references and len(going) == len(references):
            await actions.remove(cluster, obj, propagationPolicy="Foreground")
        return
    if alive:
        await actions.change(cluster, _NAME, obj, lambda altered: altered["metadata"].update(ownerReferences=alive))
        return
    policy = "Orphan" if ORPHAN in obj["metadata"].get("finalizers", ()) else "Background"
    await actions.remove(cluster, obj, propagationPolicy=policy)


def _is_misplaced(cluster: Cluster, obj: actions.Obj, reference: dict[str, Any]) -> bool:
    """Whether an object of no namespace names an owner in one, which nobody can look up: it is never collected."""
    kind = cluster.registry.named(reference["apiVersion"], reference["kind"])
    return kind is not None and kind.namespaced and "namespace" not in obj["metadata"]


def _owner(cluster: Cluster, obj: actions.Obj, reference: dict[str, Any]) -> actions.Obj | None:
    """The owner that a reference names, if it is the very same object."""
    kind = cluster.registry.named(reference["apiVersion"], reference["kind"])
    if kind is None:
        return None
    namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
    stored = cluster.store.get(kind.stored, (namespace, reference["name"]))
    if stored is None or stored.obj["metadata"]["uid"] != reference["uid"]:
        return None
    return stored.obj


async def _release(cluster: Cluster, owner: actions.Obj) -> float | None:
    uid = owner["metadata"]["uid"]
    found = [stored.obj for _, _, stored in cluster.store.dependents(uid)]
    if ORPHAN in owner["metadata"]["finalizers"]:
        for obj in found:
            kept = [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != uid]
            await actions.change(cluster, _NAME, obj, partial(_set_owners, references=kept))
        await actions.drop_finalizer(cluster, _NAME, owner, ORPHAN)
        return None
    blocking = [obj for obj in found if _blocks(obj, uid)]
    for obj in found:
        if "deletionTimestamp" not in obj["metadata"]:
            await _collect(cluster, obj)
    if blocking:
        return _AGAIN
    await actions.drop_finalizer(cluster, _NAME, owner, FOREGROUND)
    return None


def _blocks(obj: actions.Obj, uid: str) -> bool:
    return any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in obj["metadata"]["ownerReferences"])


def _set_owners(obj: actions.Obj, references: list[dict[str, Any]]) -> None:
    obj["metadata"]["ownerReferences"] = references
    if not references:
        del obj["metadata"]["ownerReferences"]
