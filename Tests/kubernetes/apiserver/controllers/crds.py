"""CustomResourceDefinitions: accepted, established, served; and their end with all their resources."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import seconds_since
from ..cluster import Cluster
from ..objects.delete import CLEANUP
from ..storage.versions import Event
from . import actions

_NAME = "kube-apiserver"
_PREFIX = "apiextensions.k8s.io/customresourcedefinitions"
_AGAIN = 0.02


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str]]:
    if event.prefix == _PREFIX:
        yield (event.key[1],)


async def reconcile(cluster: Cluster, key: tuple[str]) -> float | None:
    """Bring a CRD one step on its way."""
    crd = actions.get(cluster, "CustomResourceDefinition", "", key[0])
    if crd is None:
        cluster.registry.withdraw(key[0])
        return None
    if "deletionTimestamp" in crd["metadata"]:
        return await _end(cluster, crd)
    status = crd.get("status") or {}
    before = status.get("conditions") or []
    held = {entry["type"] for entry in before if entry["status"] == "True"}
    if "NamesAccepted" not in held:
        accepted = actions.condition("NamesAccepted", True, "NoConflicts", "no conflicts found", before)
        waiting = actions.condition("Established", False, "Installing", "the initial names have been accepted", before)
        actions.set_status(cluster, _NAME, crd, {**_names(crd), "conditions": [accepted, waiting]})
        return cluster.settings.crd_delay
    if "Established" not in held:
        if seconds_since(crd["metadata"]["creationTimestamp"]) < cluster.settings.crd_delay:
            return cluster.settings.crd_delay
        established = actions.condition(
            "Established", True, "InitialNamesAccepted", "the initial names have been accepted", before
        )
        conditions = [entry for entry in before if entry["type"] != "Established"] + [established]
        actions.set_status(cluster, _NAME, crd, {**_names(crd), "conditions": conditions})
        return cluster.settings.crd_delay
    actions.set_status(cluster, _NAME, crd, {**status, **_names(crd, status)})
    cluster.registry.serve(crd)
    return None


def _names(crd: actions.Obj, status: actions.Obj | None = None) -> actions.Obj:
    stored = list((status or {}).get("storedVersions") or [])
    current = next(version["name"] for version in crd["spec"]["versions"] if version["storage"])
    if current not in stored:
        stored.append(current)
    return {"acceptedNames": crd["spec"]["names"], "storedVersions": stored}


async def _end(cluster: Cluster, crd: actions.Obj) -> float | None:
    """Delete every resource of a CRD that is being deleted, then the CRD."""
    prefix = f"{crd['spec']['group']}/{crd['spec']['names']['plural']}"
    left = cluster.store.select(prefix)
    for stored in left:
        if "deletionTimestamp" not in stored.obj["metadata"]:
            await actions.remove(cluster, stored.obj)
    if cluster.store.select(prefix):
        return _AGAIN
    if CLEANUP in crd["metadata"].get("finalizers", ()):
        cluster.registry.withdraw(crd["metadata"]["name"])
        await actions.drop_finalizer(cluster, _NAME, crd, CLEANUP)
    return None
