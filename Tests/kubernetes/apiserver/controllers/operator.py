"""The operator's stand-in: a program renders custom resources, this applies what it renders.

It works while the Deployment `vineyard-controller-manager` is available somewhere.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from ..objects import apply, update
from ..objects.write import by_controller
from ..storage.versions import Event
from . import actions, resource_status

GROUP = "k8s.v6d.io"
MANAGER = "vineyard-controller-manager"
_FIELD_MANAGER = "vineyard-operator"
_PLURALS = ("vineyardds", "csidrivers")
_RENDERED: dict[tuple[str, int], list[Any]] = {}


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str, str]]:
    plural = event.prefix.removeprefix(f"{GROUP}/")
    if event.prefix.startswith(f"{GROUP}/") and plural in _PLURALS:
        yield (plural, *event.key)
    elif event.prefix in ("apps/deployments", "apps/daemonsets") or event.prefix.startswith("apiextensions"):
        for plural in _PLURALS:
            for stored in cluster.store.select(f"{GROUP}/{plural}"):
                meta = stored.obj["metadata"]
                yield plural, meta.get("namespace", ""), meta["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str, str]) -> float | None:
    """Render one custom resource if it changed, and tell how its workloads are."""
    plural, namespace, name = key
    stored = cluster.store.get(f"{GROUP}/{plural}", (namespace, name))
    manager = _manager_namespace(cluster)
    if stored is None or manager is None or "deletionTimestamp" in stored.obj["metadata"]:
        return None
    resource = stored.obj
    version = (resource["metadata"]["uid"], resource["metadata"]["generation"])
    later: list[actions.Obj] = []
    if version not in _RENDERED:
        objects = await _render(cluster, resource, manager if plural == "csidrivers" else None)
        later = [obj for obj in objects if not _has_namespace(cluster, obj)]
        applied = [await _apply(cluster, obj, resource) for obj in objects if obj not in later]
        await _prune(cluster, resource, applied)
        if not later:
            _RENDERED[version] = applied
    if plural == "vineyardds":
        status = resource_status.vineyardd(resource, actions.get(cluster, "Deployment", namespace, name))
    else:
        controller = actions.get(cluster, "Deployment", manager, f"{name}-csi-driver")
        nodes = actions.get(cluster, "DaemonSet", manager, f"{name}-csi-nodes")
        status = resource_status.driver(resource, controller, nodes)
    await _set_status(cluster, resource, status)
    return 0.5 if later else None


def _manager_namespace(cluster: Cluster) -> str | None:
    for obj in actions.list_all(cluster, "Deployment"):
        available = any(
            c["type"] == "Available" and c["status"] == "True" for c in obj.get("status", {}).get("conditions", ())
        )
        if obj["metadata"]["name"] == MANAGER and available:
            return obj["metadata"]["namespace"]
    return None


async def _render(cluster: Cluster, resource: actions.Obj, namespace: str | None) -> list[actions.Obj]:
    arguments = ["render", "-f", "-", "-o", "json", *(["--namespace", namespace] if namespace else [])]
    process = await asyncio.create_subprocess_exec(
        cluster.settings.operator,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await process.communicate(json.dumps(resource).encode())
    if process.returncode:
        print(f"operator: {problems.decode()}", file=sys.stderr, flush=True)
        raise errors.internal(f"{cluster.settings.operator} render failed: {problems.decode()}")
    return json.loads(output)["items"]


def _has_namespace(cluster: Cluster, obj: actions.Obj) -> bool:
    """Whether an object's namespace exists; a driver's clusters may come later."""
    namespace = obj["metadata"].get("namespace")
    return namespace is None or actions.get(cluster, "Namespace", "", namespace) is not None


async def _apply(cluster: Cluster, obj: actions.Obj, resource: actions.Obj) -> tuple[str, str, str]:
    """Apply a rendered object; returns its prefix and key."""
    kind = cluster.registry.named(obj["apiVersion"], obj["kind"])
    if kind is None:
        raise errors.bad_request(f"no matches for kind {obj['kind']} in version {obj['apiVersion']}")
    meta = dict(obj["metadata"])
    # An object of no namespace must not have an owner in one.
    if kind.namespaced or "namespace" not in resource["metadata"]:
        meta["ownerReferences"] = [actions.owner_reference(resource)]
    namespace = meta.get("namespace", resource["metadata"].get("namespace", "default")) if kind.namespaced else ""
    identity = kind.stored, namespace, meta["name"]
    # Each rendering has another token in it; the first one counts.
    if obj["kind"] == "Secret" and cluster.store.get(kind.stored, (namespace, meta["name"])) is not None:
        return identity
    write = by_controller(_FIELD_MANAGER)
    write.force = True
    await apply.apply(cluster, kind, namespace, meta["name"], {**obj, "metadata": meta}, write)
    return identity


async def _prune(cluster: Cluster, resource: actions.Obj, rendered: list[Any]) -> None:
    """Delete what an earlier rendering of the resource made and this one doesn't."""
    for prefix, key, stored in cluster.store.all():
        entries = stored.obj["metadata"].get("managedFields", ())
        ours = any(entry["manager"] == _FIELD_MANAGER and entry["operation"] == "Apply" for entry in entries)
        if ours and actions.controlled_by(stored.obj, resource) and (prefix, *key) not in rendered:
            await actions.remove(cluster, stored.obj)


async def _set_status(cluster: Cluster, resource: actions.Obj, status: actions.Obj) -> None:
    """Write the status through the CRD's schema, which drops what it doesn't declare."""
    kind: Kind | None = cluster.registry.named(resource["apiVersion"], resource["kind"])
    stored = (
        cluster.store.get(kind.stored, (resource["metadata"].get("namespace", ""), resource["metadata"]["name"]))
        if kind
        else None
    )
    if kind is None or stored is None:
        return
    write = by_controller(_FIELD_MANAGER)
    write.field_validation = "Ignore"
    raw = stored.copy() | {"status": status}
    await update.update(
        cluster, kind, raw["metadata"].get("namespace", ""), raw["metadata"]["name"], raw, write, "status"
    )
