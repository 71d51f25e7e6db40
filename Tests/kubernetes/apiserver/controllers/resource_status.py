"""What the operator says of its custom resources."""

from __future__ import annotations

from typing import Any

from . import actions

Obj = actions.Obj


def vineyardd(resource: Obj, deployment: Obj | None) -> Obj:
    """The status of a Vineyardd whose stores are this Deployment."""
    wanted = deployment["spec"]["replicas"] if deployment else resource["spec"].get("replicas", 0)
    ready = (deployment or {}).get("status", {}).get("readyReplicas", 0)
    reason = "MinimumReplicasAvailable" if ready >= wanted else "MinimumReplicasUnavailable"
    return _with_condition(resource, {"current": ready, "replicas": wanted}, ready >= wanted, reason)


def driver(resource: Obj, deployment: Obj | None, nodes: Obj | None) -> Obj:
    """The status of a CSIDriver with this Deployment and this DaemonSet."""
    running = (
        deployment is not None
        and nodes is not None
        and deployment.get("status", {}).get("readyReplicas", 0) >= deployment["spec"]["replicas"]
        and nodes.get("status", {}).get("numberReady", 0) >= nodes.get("status", {}).get("desiredNumberScheduled", 1)
    )
    state = "running" if running else "pending"
    return _with_condition(resource, {"state": state}, running, state.capitalize())


def _with_condition(resource: Obj, status: Obj, ready: bool, reason: str) -> Obj:
    before: Any = (resource.get("status") or {}).get("conditions") or []
    condition = actions.condition("Ready", ready, reason, "", before) | {"message": ""}
    return {**status, "observedGeneration": resource["metadata"]["generation"], "conditions": [condition]}
