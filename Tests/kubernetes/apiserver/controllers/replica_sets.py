"""ReplicaSets: as many pods of one template as wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import Event
from . import actions
from .pod_state import is_active, is_ready, phase

_NAME = "replicaset-controller"
_MANAGER = "kube-controller-manager"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "apps/replicasets":
        yield event.key
    elif event.prefix == "/pods":
        yield from owners(event, "ReplicaSet")


def owners(event: Event, kind: str) -> Iterator[tuple[str, str]]:
    """Keys of the objects of a kind that own the event's object."""
    stored = event.current or event.previous
    for reference in stored.obj["metadata"].get("ownerReferences", ()) if stored else ():
        if reference["kind"] == kind:
            yield event.key[0], reference["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Create or delete pods until their number is right; tell how they are."""
    obj = actions.get(cluster, "ReplicaSet", *key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return None
    pods = [pod for pod in actions.dependents(cluster, "Pod", obj) if is_active(pod)]
    wanted = obj["spec"]["replicas"]
    failure: ApiError | None = None
    for _ in range(wanted - len(pods)):
        try:
            await make_pod(cluster, _NAME, obj, obj["spec"]["template"])
        except ApiError as error:
            failure = error
            await actions.tell(cluster, _NAME, obj, "FailedCreate", f"Error creating: {error.message}", "Warning")
            break
    for pod in sorted(pods, key=_dispensable)[: max(len(pods) - wanted, 0)]:
        await actions.remove(cluster, pod)
        await actions.tell(cluster, _NAME, obj, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
    pods = [pod for pod in actions.dependents(cluster, "Pod", obj) if is_active(pod)]
    ready = sum(map(is_ready, pods))
    status: dict[str, Any] = {"observedGeneration": obj["metadata"]["generation"], "replicas": len(pods)}
    if pods:
        status["fullyLabeledReplicas"] = len(pods)
    if ready:
        status |= {"readyReplicas": ready, "availableReplicas": ready}
    if failure is not None:
        before = obj.get("status", {}).get("conditions", ())
        status["conditions"] = [actions.condition("ReplicaFailure", True, "FailedCreate", failure.message, before)]
    actions.set_status(cluster, _MANAGER, obj, status)
    return 0.1 if failure is not None else None


def _dispensable(pod: actions.Obj) -> tuple[bool, int, bool, int, str, str]:
    """What goes first sorts first, as `ActivePodsWithRanks` of Kubernetes does: pods without a node, not running, not
    ready, cheap to delete, ready for less time, younger."""
    conditions = pod.get("status", {}).get("conditions") or ()
    since = next((entry["lastTransitionTime"] for entry in conditions if entry["type"] == "Ready"), "")
    return (
        bool(pod["spec"].get("nodeName")),
        ("Pending", "Unknown", "Running").index(phase(pod)) if phase(pod) in ("Pending", "Unknown", "Running") else 0,
        is_ready(pod),
        _deletion_cost(pod),
        _reversed(since),
        _reversed(pod["metadata"]["creationTimestamp"]),
    )


def _deletion_cost(pod: actions.Obj) -> int:
    """A 32-bit number; anything else counts as 0."""
    text = pod["metadata"].get("annotations", {}).get(_DELETION_COST, "0")
    cost = int(text) if text.lstrip("-").isdigit() else 0
    return cost if -(2**31) <= cost < 2**31 else 0


def _reversed(time: str) -> str:
    """A key that sorts later times first."""
    return "".join(chr(0x7F - ord(character)) for character in time)


async def make_pod(
    cluster: Cluster, component: str, owner: actions.Obj, template: actions.Obj, name: str = "", **spec: Any
) -> actions.Obj:
    """A pod of a template, owned by `owner`; a name of its own if none is given."""
    template = json.loads(json.dumps(template))
    meta = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [actions.owner_reference(owner)],
        **{key: meta[key] for key in ("labels", "annotations") if key in meta},
    }
    metadata |= {"name": name} if name else {"generateName": f"{owner['metadata']['name']}-"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**template["spec"], **spec}}
    made = await actions.make(cluster, _MANAGER, pod)
    await actions.tell(cluster, component, owner, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
    return made
