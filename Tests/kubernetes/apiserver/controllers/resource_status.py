"""What the operator says of its custom resources."""

from __future__ import annotations

from typing import Any

from . import actions

Obj = actions.Obj


def vineyardd(resource: Obj, deployment: Obj | None) -> Obj:
    """The status of a Vineyardd whose stores are this Deployment."""
    wanted = deployment["spec"]["replicas"] if deployment else resource["spec"].get("replicas", 0)
    ready = (deployment or {}).get("status", {}).get("readyReplicas", 0)
    complete = deployment is not None and _is_complete(deployment) and wanted == resource["spec"].get("replicas")
    reason = "StoresReady" if complete else "StoresNotReady"
    message = f"{ready}/{wanted} stores are ready"
    return _with_condition(resource, {"current": ready, "replicas": wanted}, complete, reason, message)


def driver(resource: Obj, deployment: Obj | None, nodes: Obj | None) -> Obj:
    """The status of a CSIDriver with this Deployment and this DaemonSet."""
    running = deployment is not None and nodes is not None and _is_complete(deployment) and _is_complete(nodes)
    state = "running" if running else "pending"
    return _with_condition(resource, {"state": state}, running, state.capitalize(), "")


def _is_complete(workload: Obj) -> bool:
    """Whether all pods of a Deployment or DaemonSet are of its present template and available, and no others are left."""
    status = workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return status.get("updatedNumberScheduled", 0) >= wanted and status.get("numberAvailable", 0) >= wanted
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    return all(count == workload["spec"]["replicas"] for count in counts)


def _with_condition(resource: Obj, status: Obj, ready: bool, reason: str, message: str) -> Obj:
    before: Any = (resource.get("status") or {}).get("conditions") or []
    condition = actions.condition("Ready", ready, reason, message, before) | {"message": message}
    return {**status, "observedGeneration": resource["metadata"]["generation"], "conditions": [condition]}
