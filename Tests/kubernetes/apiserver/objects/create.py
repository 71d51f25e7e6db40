"""Creation of objects."""

from __future__ import annotations

from typing import Any

from .. import fielderrors
from ..cluster import Cluster
from ..defaults.quality import quality
from ..errors import invalid
from ..kinds import Kind
from ..storage.versions import Stored
from . import incoming, metadata, pipeline
from .write import Write


async def create(cluster: Cluster, kind: Kind, namespace: str, raw: dict[str, Any], write: Write) -> Stored:
    """Create an object from a request's body. Raises every refusal as `ApiError`."""
    obj = incoming.decoded(cluster, kind, raw, write)
    incoming.check_address(kind, obj, namespace, None)
    return await store_new(cluster, kind, obj, write)


async def store_new(
    cluster: Cluster, kind: Kind, obj: dict[str, Any], write: Write, managed: list[dict[str, Any]] | None = None
) -> Stored:
    """Store a decoded new object; `managed` is its managedFields if not those of a plain write."""
    metadata.prepare_new(kind, obj)
    if not obj["metadata"].get("name"):
        raise invalid(kind, "", [fielderrors.required("metadata.name", "name or generateName is required")])
    if kind.status:
        reset_status(kind, obj)
    if managed is None:
        pipeline.own_update(cluster, kind, obj, None, write, "")
    else:
        pipeline.set_managed(obj, managed)
    obj = await pipeline.admit(cluster, kind, obj, None, write)
    return pipeline.commit(cluster, kind, obj, None, write)


_INITIAL_STATUS: dict[str, dict[str, Any]] = {
    "Pod": {"phase": "Pending"},
    "Namespace": {"phase": "Active"},
    "PersistentVolume": {"phase": "Pending"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0},
    "PodDisruptionBudget": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
}


def reset_status(kind: Kind, obj: dict[str, Any]) -> None:
    """The status of a new object, whatever its creator wrote there."""
    if kind.name == "Node":
        return
    obj.pop("status", None)
    if kind.custom is None:
        obj["status"] = dict(_INITIAL_STATUS.get(kind.name, {}))
    if kind.name == "CustomResourceDefinition":
        stored = [version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")]
        obj["status"] = {"acceptedNames": {"plural": "", "kind": ""}, "conditions": [], "storedVersions": stored}
    if kind.name == "Pod" and kind.custom is None:
        obj["status"]["qosClass"] = quality(obj["spec"])
