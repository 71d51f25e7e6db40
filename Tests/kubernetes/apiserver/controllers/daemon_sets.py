"""DaemonSets: one pod on every node that fits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import Event
from . import actions, placement
from .deployments import template_hash
from .pod_state import is_active, is_ready
from .replica_sets import make_pod, owners

_NAME = "daemonset-controller"
_MANAGER = "kube-controller-manager"
_RETRY = 0.1
_REVISION = "controller-revision-hash"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "apps/daemonsets":
        yield event.key
    elif event.prefix == "/pods":
        yield from owners(event, "DaemonSet")
    elif event.prefix == "/nodes":
        for obj in actions.list_all(cluster, "DaemonSet"):
            yield obj["metadata"]["namespace"], obj["metadata"]["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Put a pod on each node that should have one, and none elsewhere."""
    obj = actions.get(cluster, "DaemonSet", *key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return None
    revision = template_hash(obj["spec"]["template"])
    nodes = [node for node in actions.list_all(cluster, "Node") if _fits(obj, node)]
    names = {node["metadata"]["name"] for node in nodes}
    pods = actions.dependents(cluster, "Pod", obj)
    covered = {_node(pod) for pod in pods}
    refused = False
    for name in sorted(names - covered):
        try:
            await _make(cluster, obj, name, revision)
        except ApiError as error:
            refused = True
            await actions.tell(cluster, _NAME, obj, "FailedCreate", f"Error creating: {error.message}", "Warning")
    for pod in pods:
        if _node(pod) not in names and is_active(pod):
            await actions.remove(cluster, pod)
    await _update(cluster, obj, [pod for pod in pods if is_active(pod)], revision)
    _tell(cluster, obj, names, revision)
    return _RETRY if refused else None


def _fits(obj: actions.Obj, node: actions.Obj) -> bool:
    spec = _tolerant(obj["spec"]["template"]["spec"])
    return placement.matches_node(spec, node) and placement.untolerated(spec, node) is None


def _tolerant(spec: actions.Obj) -> actions.Obj:
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *added]}


def _node(pod: actions.Obj) -> str:
    """The node that a pod of a DaemonSet is for, whether it is there yet or not."""
    if pod["spec"].get("nodeName"):
        return pod["spec"]["nodeName"]
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    return terms[0]["matchFields"][0]["values"][0]


async def _make(cluster: Cluster, obj: actions.Obj, node: str, revision: str) -> None:
    template = json.loads(json.dumps(obj["spec"]["template"]))
    template["metadata"].setdefault("labels", {}).update({_REVISION: revision, "pod-template-generation": "1"})
    spec = _tolerant(template["spec"])
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    await make_pod(cluster, _NAME, obj, {**template, "spec": spec})


async def _update(cluster: Cluster, obj: actions.Obj, pods: list[actions.Obj], revision: str) -> None:
    """Replace pods of an old template, one at a time."""
    if obj["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    old = [pod for pod in pods if pod["metadata"]["labels"].get(_REVISION) != revision]
    new_unready = [pod for pod in pods if pod not in old and not is_ready(pod)]
    if old and not new_unready:
        await actions.remove(cluster, sorted(old, key=is_ready)[0])


def _tell(cluster: Cluster, obj: actions.Obj, names: set[str], revision: str) -> None:
    pods = [pod for pod in actions.dependents(cluster, "Pod", obj) if is_active(pod)]
    ready = sum(map(is_ready, pods))
    status: dict[str, Any] = {
        "observedGeneration": obj["metadata"]["generation"],
        "currentNumberScheduled": sum(_node(pod) in names for pod in pods),
        "desiredNumberScheduled": len(names),
        "numberMisscheduled": sum(_node(pod) not in names for pod in pods),
        "numberReady": ready,
    }
    counts = {
        "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(_REVISION) == revision for pod in pods),
        "numberAvailable": ready,
        "numberUnavailable": len(names) - ready,
    }
    actions.set_status(cluster, _MANAGER, obj, status | {name: count for name, count in counts.items() if count > 0})
