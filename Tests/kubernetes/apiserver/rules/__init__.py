"""Validation beyond the published schemas: the rules that the server's code knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cluster import Cluster
from ..fielderrors import FieldError
from ..kinds import Kind
from ..schema.required import missing_fields
from ..schema.validate import violations
from . import access, crds, metadata, network, pods, storage, workloads

Old = dict[str, Any] | None
Rule = Callable[[dict[str, Any], Old], list[FieldError]]

_BY_KIND: dict[str, Rule] = {
    "Pod": pods.pod_errors,
    "Deployment": workloads.deployment_errors,
    "ReplicaSet": workloads.replica_set_errors,
    "StatefulSet": workloads.stateful_set_errors,
    "DaemonSet": workloads.daemon_set_errors,
    "Job": workloads.job_errors,
    "CronJob": workloads.cron_job_errors,
    "PodDisruptionBudget": workloads.budget_errors,
    "Service": network.service_errors,
    "NetworkPolicy": network.policy_errors,
    "ConfigMap": storage.config_map_errors,
    "Secret": storage.secret_errors,
    "PersistentVolume": storage.volume_errors,
    "PersistentVolumeClaim": storage.claim_errors,
    "StorageClass": storage.class_errors,
    "CSIDriver": storage.csi_driver_errors,
    "Role": access.role_errors,
    "ClusterRole": access.role_errors,
    "RoleBinding": access.binding_errors,
    "ClusterRoleBinding": access.binding_errors,
    "PriorityClass": access.priority_errors,
    "Lease": access.lease_errors,
    "MutatingWebhookConfiguration": access.webhook_errors,
    "ValidatingWebhookConfiguration": access.webhook_errors,
    "CustomResourceDefinition": crds.definition_errors,
}


def object_errors(
    cluster: Cluster, kind: Kind, obj: dict[str, Any], old: Old, subresource: str = ""
) -> list[FieldError]:
    """Everything that is wrong with an object that is about to be stored."""
    found = metadata.metadata_errors(kind, obj["metadata"])
    node = cluster.registry.node(kind)
    if kind.custom is not None:
        return found + list(violations(node, obj))
    found += [error for error in missing_fields(node, obj) if not error.field.startswith("status")]
    rule = _BY_KIND.get(kind.name)
    if rule is not None and not found and subresource != "status":
        found += rule(obj, old)
    return found
