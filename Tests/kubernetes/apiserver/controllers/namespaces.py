"""Namespaces: their default objects, and their end with all their content."""

from __future__ import annotations

from collections.abc import Iterator

from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import Event
from . import actions

_NAME = "namespace-controller"
_AGAIN = 0.02


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str]]:
    if event.prefix == "/namespaces":
        yield (event.key[1],)
    elif event.current is None and event.key[0]:
        yield (event.key[0],)


async def reconcile(cluster: Cluster, key: tuple[str]) -> float | None:
    """Give a namespace what every one has, or take everything from one that ends."""
    name = key[0]
    namespace = actions.get(cluster, "Namespace", "", name)
    if namespace is None:
        return None
    if "deletionTimestamp" not in namespace["metadata"]:
        await _equip(cluster, name)
        return None
    left = [(prefix, stored.obj) for prefix, where, stored in cluster.store.all() if where[0] == name]
    if left:
        for _, obj in left:
            if "deletionTimestamp" not in obj["metadata"]:
                await actions.remove(cluster, obj, account="namespace-controller")
        _tell(cluster, namespace, len(left))
        return _AGAIN
    if not namespace["metadata"].get("finalizers"):
        cluster.store.remove("/namespaces", ("", name))
    return None


async def _equip(cluster: Cluster, name: str) -> None:
    wanted: list[actions.Obj] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": name},
            "data": {"ca.crt": ""},
        },
    ]
    for obj in wanted:
        if actions.get(cluster, obj["kind"], name, obj["metadata"]["name"]) is None:
            try:
                await actions.make(cluster, "kube-controller-manager", obj)
            except ApiError as error:
                if error.code not in (403, 404, 409):
                    raise


def _tell(cluster: Cluster, namespace: actions.Obj, count: int) -> None:
    """Say in the conditions what a namespace still waits for."""
    before = namespace.get("status", {}).get("conditions", [])
    remaining = actions.condition(
        "NamespaceContentRemaining",
        True,
        "SomeResourcesRemain",
        f"Some resources are remaining: {count} resource instances",
        before,
    )
    waiting = [
        finalizer
        for _, key, stored in cluster.store.all()
        if key[0] == namespace["metadata"]["name"]
        for finalizer in stored.obj["metadata"].get("finalizers", ())
    ]
    told = ("NamespaceContentRemaining", "NamespaceFinalizersRemaining")
    conditions = [*(entry for entry in before if entry["type"] not in told), remaining]
    if waiting:
        text = f"Some content in the namespace has finalizers remaining: {', '.join(sorted(set(waiting)))}"
        conditions.append(actions.condition("NamespaceFinalizersRemaining", True, "SomeFinalizersRemain", text, before))
    actions.set_status(cluster, _NAME, namespace, {"phase": "Terminating", "conditions": conditions})
