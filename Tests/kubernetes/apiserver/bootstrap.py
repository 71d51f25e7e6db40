"""What a new cluster holds: namespaces, nodes, service accounts, priority classes, roles for people."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

from . import roles
from .clock import now
from .cluster import Cluster

_MANIFEST = Path(__file__).parents[3] / "manifests" / "vineyardd.yaml"
# The image that the manifests name, as if somebody had put it onto every node; no registry has it.
IMAGE = re.search(r"image: (localhost/\S+)", _MANIFEST.read_text())[1]  # type: ignore[index]
PAUSE = "registry.k8s.io/pause:3.9"
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def fill(cluster: Cluster) -> None:
    """Create what every cluster has."""
    for name in NAMESPACES:
        labels = {"kubernetes.io/metadata.name": name}
        obj = _object("v1", "Namespace", name, labels=labels)
        cluster.store.put(
            "/namespaces", ("", name), obj | {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        )
        account = _object("v1", "ServiceAccount", "default", name)
        cluster.store.put("/serviceaccounts", (name, "default"), account)
    for index in range(cluster.settings.nodes):
        obj = node(f"node-{index + 1}", cluster.settings.node_memory, cluster.settings.node_cpu)
        cluster.store.put("/nodes", ("", obj["metadata"]["name"]), obj)
    for name, value in (("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)):
        obj = _object("scheduling.k8s.io/v1", "PriorityClass", name)
        obj |= {"value": value, "preemptionPolicy": "PreemptLowerPriority"}
        cluster.store.put("scheduling.k8s.io/priorityclasses", ("", name), obj)
    for name, role in roles.cluster_roles().items():
        obj = _object("rbac.authorization.k8s.io/v1", "ClusterRole", name, labels=role["labels"])
        obj["rules"] = role.get("rules", [])
        if "aggregates" in role:
            obj["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {role["aggregates"]: "true"}}]}
        cluster.store.put("rbac.authorization.k8s.io/clusterroles", ("", name), obj)
    service = _object("v1", "Service", "kubernetes", "default", {"component": "apiserver", "provider": "kubernetes"})
    service["spec"] = {
        "clusterIP": "10.96.0.1",
        "clusterIPs": ["10.96.0.1"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    cluster.store.put("/services", ("default", "kubernetes"), service | {"status": {"loadBalancer": {}}})


def reset(cluster: Cluster) -> None:
    """Make the cluster as it was at the start; open watches end."""
    for drop in list(cluster.connections):
        drop.set()
    for thing in (
        cluster.denials,
        cluster.faults,
        cluster.injections,
        cluster.requests,
        cluster.images,
        cluster.logs,
        cluster.forwards,
        cluster.webhooks,
    ):
        thing.clear()
    cluster.store.clear()
    cluster.use_version(cluster.settings.kubernetes_version)
    fill(cluster)


def node(name: str, memory: str, cpu: str) -> dict[str, Any]:
    """A ready node."""
    resources = {"cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "100Gi", "hugepages-2Mi": "0"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
    }
    number = sum(name.encode()) % 200 + 10
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now(),
        "lastTransitionTime": now(),
    }
    status = {
        "addresses": [{"type": "InternalIP", "address": f"172.18.0.{number}"}, {"type": "Hostname", "address": name}],
        "capacity": dict(resources),
        "allocatable": dict(resources),
        "conditions": [ready],
        "images": [{"names": [name], "sizeBytes": size} for name, size in ((IMAGE, 71_000_000), (PAUSE, 320_000))],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": str(uuid.uuid4()),
            "containerRuntimeVersion": "containerd://1.7.0",
            "kernelVersion": "6.1.0",
            "kubeProxyVersion": "v1.31.0",
            "kubeletVersion": "v1.31.0",
            "machineID": uuid.uuid4().hex,
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "systemUUID": str(uuid.uuid4()),
        },
    }
    return _object("v1", "Node", name, labels=labels) | {"spec": {}, "status": status}


def _object(
    api_version: str, kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
