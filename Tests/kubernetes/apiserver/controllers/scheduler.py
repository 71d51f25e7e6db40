"""The scheduler: gives each waiting pod a node, or says why none fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..cluster import Cluster
from ..storage.versions import Event
from . import actions, placement
from .pod_state import is_active, phase

_NAME = "default-scheduler"
_MANAGER = "kube-scheduler"
_SELECTED = "volume.kubernetes.io/selected-node"
_ROUSING = ("/nodes", "/persistentvolumeclaims", "/persistentvolumes", "storage.k8s.io/storageclasses")


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    """A pod without a node; every such pod when something it may wait for changed."""
    if event.prefix == "/pods" and event.current is not None and "nodeName" not in event.current.obj["spec"]:
        yield event.key
    elif event.prefix in _ROUSING or (event.prefix == "/pods" and _freed(event)):
        for pod in actions.list_all(cluster, "Pod"):
            if "nodeName" not in pod["spec"]:
                yield pod["metadata"]["namespace"], pod["metadata"]["name"]


def _freed(event: Event) -> bool:
    if event.current is None:
        return True
    return event.previous is not None and is_active(event.previous.obj) != is_active(event.current.obj)


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Place one pod, or tell why it cannot be placed."""
    pod = actions.get(cluster, "Pod", *key)
    if pod is None or pod["spec"].get("nodeName") or not is_active(pod):
        return None
    if pod["spec"].get("schedulerName", _NAME) != _NAME:
        return None
    problem = _claims_problem(cluster, pod)
    if problem is not None:
        count = len(actions.list_all(cluster, "Node"))
        text = f"0/{count} nodes are available: {problem}. preemption: not eligible due to preemptionPolicy"
        await _refuse(cluster, pod, text)
        return None
    node, message = _choose(cluster, pod)
    if node is None:
        await _refuse(cluster, pod, message)
        return None
    if not await _claims_bound(cluster, pod, node):
        return None
    await _bind(cluster, pod, node)
    return None


def _choose(cluster: Cluster, pod: actions.Obj) -> tuple[str | None, str]:
    nodes = {node["metadata"]["name"]: node for node in actions.list_all(cluster, "Node")}
    placed = [
        (other, nodes[other["spec"]["nodeName"]])
        for other in actions.list_all(cluster, "Pod")
        if other["spec"].get("nodeName") in nodes and phase(other) not in ("Succeeded", "Failed")
    ]
    fitting: list[tuple[int, str]] = []
    reasons: Counter[str] = Counter()
    for name, node in nodes.items():
        neighbours = [other for other, place in placed if place is node]
        reason = placement.misfit(pod, node, neighbours, placed) or _volume_misfit(cluster, pod, node)
        if reason is None:
            fitting.append((len(neighbours), name))
        else:
            reasons[reason] += 1
    if fitting:
        return min(fitting)[1], ""
    if not nodes:
        return None, "no nodes available to schedule pods"
    text = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    total = f"0/{len(nodes)} nodes are available"
    return None, f"{total}: {text}. preemption: {total}: {len(nodes)} Preemption is not helpful for scheduling."


def _claims(cluster: Cluster, pod: actions.Obj) -> Iterator[tuple[str, actions.Obj | None]]:
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            yield name, actions.get(cluster, "PersistentVolumeClaim", pod["metadata"]["namespace"], name)


def _waits_for_consumer(cluster: Cluster, claim: actions.Obj) -> bool:
    storage_class = actions.get(cluster, "StorageClass", "", claim["spec"].get("storageClassName", ""))
    return storage_class is not None and storage_class["volumeBindingMode"] == "WaitForFirstConsumer"


def _claims_problem(cluster: Cluster, pod: actions.Obj) -> str | None:
    for name, claim in _claims(cluster, pod):
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        if "volumeName" not in claim["spec"] and not _waits_for_consumer(cluster, claim):
            return "pod has unbound immediate PersistentVolumeClaims"
    return None


def _volume_misfit(cluster: Cluster, pod: actions.Obj, node: actions.Obj) -> str | None:
    for _, claim in _claims(cluster, pod):
        volume = actions.get(cluster, "PersistentVolume", "", (claim or {}).get("spec", {}).get("volumeName", ""))
        affinity = ((volume or {}).get("spec", {}).get("nodeAffinity") or {}).get("required")
        if affinity is not None:
            spec = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": affinity}}}
            if not placement.matches_node(spec, node):
                return "node(s) had volume node affinity conflict"
    return None


async def _claims_bound(cluster: Cluster, pod: actions.Obj, node: str) -> bool:
    """Tell waiting claims where their consumer goes; whether all claims are bound."""
    bound = True
    for _, claim in _claims(cluster, pod):
        if claim is not None and "volumeName" not in claim["spec"]:
            bound = False
            await actions.change(
                cluster,
                _MANAGER,
                claim,
                lambda altered: altered["metadata"].setdefault("annotations", {}).update({_SELECTED: node}),
            )
    return bound


async def _bind(cluster: Cluster, pod: actions.Obj, node: str) -> None:
    actions.place(cluster, _MANAGER, pod, node)
    placed = actions.get(cluster, "Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
    if placed is None:
        return
    before = placed["status"].get("conditions") or []
    scheduled = actions.condition("PodScheduled", True, before=before)
    kept = [entry for entry in before if entry["type"] != "PodScheduled"]
    actions.set_status(cluster, _MANAGER, placed, {**placed["status"], "conditions": [*kept, scheduled]})
    meta = pod["metadata"]
    text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
    await actions.tell(cluster, _NAME, pod, "Scheduled", text)


async def _refuse(cluster: Cluster, pod: actions.Obj, message: str) -> None:
    before = pod["status"].get("conditions") or []
    old = next((entry for entry in before if entry["type"] == "PodScheduled"), None)
    if old is not None and old.get("message") == message:
        return
    condition = actions.condition("PodScheduled", False, "Unschedulable", message, before)
    kept = [entry for entry in before if entry["type"] != "PodScheduled"]
    actions.set_status(cluster, _MANAGER, pod, {**pod["status"], "conditions": [*kept, condition]})
    await actions.tell(cluster, _NAME, pod, "FailedScheduling", message, "Warning")
