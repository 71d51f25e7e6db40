"""Nodes that a test adds, changes or removes."""

from __future__ import annotations

from typing import Any

from .. import bootstrap
from ..clock import now
from ..cluster import Cluster

_KEY = "/nodes"


def _set_ready(condition: dict[str, Any], ready: bool) -> None:
    """What the node lifecycle controller says of a kubelet that stopped reporting, or the kubelet itself."""
    told = ("True", "KubeletReady", "kubelet is posting ready status")
    silent = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    status, reason, message = told if ready else silent
    if condition["status"] != status:
        condition["lastTransitionTime"] = now()
    condition |= {"status": status, "reason": reason, "message": message}


def change(cluster: Cluster, body: dict[str, Any]) -> None:
    """Carry out `action` on the node `name`: add, remove, cordon, uncordon, taint, untaint, label, memory, ready,
    images, kubelet."""
    name, action = body["name"], body["action"]
    if action == "add":
        node = bootstrap.node(
            name, body.get("memory", cluster.settings.node_memory), body.get("cpu", cluster.settings.node_cpu)
        )
        cluster.store.put(_KEY, ("", name), node)
        return
    stored = cluster.store.get(_KEY, ("", name))
    if stored is None:
        raise LookupError(f"no node {name}")
    if action == "remove":
        cluster.store.remove(_KEY, ("", name))
        return
    obj = stored.copy()
    spec = obj.setdefault("spec", {})
    match action:
        case "cordon":
            spec["unschedulable"] = True
        case "uncordon":
            spec.pop("unschedulable", None)
        case "taint":
            spec.setdefault("taints", []).append(
                {"key": body["key"], "value": body.get("value", ""), "effect": body.get("effect", "NoSchedule")}
            )
        case "untaint":
            spec["taints"] = [taint for taint in spec.get("taints", []) if taint["key"] != body["key"]]
        case "label":
            obj["metadata"]["labels"] |= body["labels"]
        case "memory":
            for part in ("capacity", "allocatable"):
                obj["status"][part]["memory"] = body["memory"]
        case "ready":
            for condition in obj["status"]["conditions"]:
                if condition["type"] == "Ready":
                    _set_ready(condition, body.get("ready", True))
        case "images":
            obj["status"]["images"] = [{"names": [image], "sizeBytes": 1_000_000} for image in body["images"]]
        case "kubelet":
            obj["status"]["nodeInfo"] |= {"kubeletVersion": body["version"]}
        case _:
            raise ValueError(f"no action {action}")
    cluster.store.put(_KEY, ("", name), obj)
