"""The defaults that the server fills in for built-in kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kinds import Kind
from . import admission, network, pods, storage, workloads

_BY_KIND: dict[str, Callable[[dict[str, Any]], None]] = {
    "Pod": pods.pod,
    "PodTemplate": lambda obj: pods.template(obj.get("template")),
    "Deployment": workloads.deployment,
    "ReplicaSet": workloads.replica_set,
    "StatefulSet": workloads.stateful_set,
    "DaemonSet": workloads.daemon_set,
    "Job": workloads.job,
    "CronJob": workloads.cron_job,
    "Service": network.service,
    "Endpoints": network.endpoints,
    "EndpointSlice": network.endpoint_slice,
    "NetworkPolicy": network.network_policy,
    "PersistentVolume": storage.volume,
    "PersistentVolumeClaim": storage.claim,
    "StorageClass": storage.storage_class,
    "CSIDriver": storage.csi_driver,
    "Secret": storage.secret,
    "RoleBinding": admission.binding,
    "ClusterRoleBinding": admission.binding,
    "MutatingWebhookConfiguration": admission.webhooks,
    "ValidatingWebhookConfiguration": admission.webhooks,
    "CustomResourceDefinition": admission.resource_definition,
    "PriorityClass": admission.priority_class,
    "Namespace": admission.namespace,
}


def apply_defaults(kind: Kind, obj: dict[str, Any]) -> None:
    """Fill in the defaults of a built-in kind's object, in place."""
    fill = _BY_KIND.get(kind.name)
    if fill is not None:
        fill(obj)
