"""StatefulSets: numbered pods in order, each with claims of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import Event
from . import actions
from .deployments import template_hash
from .pod_state import is_ready, phase
from .replica_sets import make_pod, owners

_NAME = "statefulset-controller"
_MANAGER = "kube-controller-manager"
_RETRY = 0.1
_REVISION = "controller-revision-hash"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "apps/statefulsets":
        yield event.key
    elif event.prefix == "/pods":
        yield from owners(event, "StatefulSet")


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Take the one step that the order of pods allows now."""
    obj = actions.get(cluster, "StatefulSet", *key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return None
    name, spec = obj["metadata"]["name"], obj["spec"]
    revision = f"{name}-{template_hash(spec['template'])}"
    pods = {pod["metadata"]["name"]: pod for pod in actions.dependents(cluster, "Pod", obj)}
    refused = False
    try:
        await _step(cluster, obj, pods, revision)
    except Refused as error:
        refused = True
        text = f"create Pod {error.pod} in StatefulSet {name} failed error: {error.message}"
        await actions.tell(cluster, _NAME, obj, "FailedCreate", text, "Warning")
    pods = {pod["metadata"]["name"]: pod for pod in actions.dependents(cluster, "Pod", obj)}
    _tell(cluster, obj, list(pods.values()), revision)
    return _RETRY if refused else None


class Refused(Exception):
    """A pod that is not admitted."""

    def __init__(self, pod: str, message: str) -> None:
        super().__init__(message)
        self.pod, self.message = pod, message


async def _step(cluster: Cluster, obj: actions.Obj, pods: dict[str, actions.Obj], revision: str) -> None:
    spec, name = obj["spec"], obj["metadata"]["name"]
    ordered = spec["podManagementPolicy"] == "OrderedReady"
    wanted = [f"{name}-{index}" for index in range(spec["replicas"])]
    for index, pod_name in enumerate(wanted):
        pod = pods.get(pod_name)
        if pod is None:
            await _make_claims(cluster, obj, index)
            await _make(cluster, obj, pod_name, index, revision)
        elif phase(pod) in ("Failed", "Succeeded") and "deletionTimestamp" not in pod["metadata"]:
            await actions.remove(cluster, pod)
        if ordered and (pod is None or not is_ready(pod) or "deletionTimestamp" in pod["metadata"]):
            return
    surplus = sorted((pod for pod_name, pod in pods.items() if pod_name not in wanted), key=_number, reverse=True)
    for pod in surplus:
        if "deletionTimestamp" not in pod["metadata"]:
            await actions.remove(cluster, pod)
        if ordered:
            return
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        await _update(cluster, obj, pods, wanted, revision)


async def _update(
    cluster: Cluster, obj: actions.Obj, pods: dict[str, actions.Obj], wanted: list[str], revision: str
) -> None:
    partition = (obj["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0)
    for pod_name in reversed(wanted[partition:]):
        pod = pods.get(pod_name)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return
        if pod["metadata"]["labels"].get(_REVISION) != revision:
            await actions.remove(cluster, pod)
            return
        if not is_ready(pod):
            return


def _number(pod: actions.Obj) -> int:
    return int(pod["metadata"]["name"].rsplit("-", 1)[1])


async def _make(cluster: Cluster, obj: actions.Obj, pod_name: str, index: int, revision: str) -> None:
    template = json.loads(json.dumps(obj["spec"]["template"]))
    labels = template["metadata"].setdefault("labels", {})
    labels |= {
        "statefulset.kubernetes.io/pod-name": pod_name,
        "apps.kubernetes.io/pod-index": str(index),
        _REVISION: revision,
    }
    volumes = template["spec"].get("volumes") or []
    for claim in obj["spec"].get("volumeClaimTemplates") or ():
        name = claim["metadata"]["name"]
        volumes = [volume for volume in volumes if volume["name"] != name]
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{pod_name}"}})
    extra: dict[str, Any] = {"hostname": pod_name}
    if volumes:
        extra["volumes"] = volumes
    if obj["spec"].get("serviceName"):
        extra["subdomain"] = obj["spec"]["serviceName"]
    try:
        await make_pod(cluster, _NAME, obj, template, pod_name, **extra)
    except ApiError as error:
        raise Refused(pod_name, error.message) from None


async def _make_claims(cluster: Cluster, obj: actions.Obj, index: int) -> None:
    meta = obj["metadata"]
    for template in obj["spec"].get("volumeClaimTemplates") or ():
        name = f"{template['metadata']['name']}-{meta['name']}-{index}"
        if actions.get(cluster, "PersistentVolumeClaim", meta["namespace"], name) is not None:
            continue
        claim = json.loads(json.dumps(template)) | {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        labels = (claim["metadata"].get("labels") or {}) | obj["spec"]["selector"].get("matchLabels", {})
        claim["metadata"] |= {"name": name, "namespace": meta["namespace"], "labels": labels}
        claim.pop("status", None)
        await actions.make(cluster, _MANAGER, claim)


def _tell(cluster: Cluster, obj: actions.Obj, pods: list[actions.Obj], revision: str) -> None:
    before = obj.get("status") or {}
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    ready = sum(map(is_ready, living))
    updated = sum(pod["metadata"].get("labels", {}).get(_REVISION) == revision for pod in living)
    done = updated == len(living) == obj["spec"]["replicas"] and ready == updated
    current = revision if done or not before.get("currentRevision") else before["currentRevision"]
    status: dict[str, Any] = {
        "observedGeneration": obj["metadata"]["generation"],
        "replicas": len(living),
        "availableReplicas": ready,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    counts = {
        "readyReplicas": ready,
        "updatedReplicas": updated,
        "currentReplicas": updated if current == revision else len(living) - updated,
    }
    actions.set_status(cluster, _MANAGER, obj, status | {name: count for name, count in counts.items() if count})
