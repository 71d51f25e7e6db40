"""Nodes that exist only as objects, and the heartbeats that keep the control plane from noticing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiserver import bootstrap
from apiserver.client import MERGE, Client

NAMES = ("node-1", "node-2", "node-3")
HEARTBEAT_SECONDS = 10
MEMORY, CPU = "16Gi", "4"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


class Nodes:
    """The nodes of a test."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._silent: set[str] = set()

    def make_as_new(self) -> None:
        """Three ready nodes with nothing special about them, and no others."""
        self._silent.clear()
        existing = {node["metadata"]["name"]: node for node in self._api.get("/api/v1/nodes").json["items"]}
        for name in existing.keys() - set(NAMES):
            self.change(name, "remove")
        for name in NAMES:
            if name not in existing:
                self.change(name, "add")
            else:
                self._make_plain(existing[name])

    def remove_all(self) -> None:
        for node in self._api.get("/api/v1/nodes").json["items"]:
            self.change(node["metadata"]["name"], "remove")

    def beat(self, api: Client) -> None:
        """Renew the leases, as kubelets do."""
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for node in api.get("/api/v1/nodes").json["items"]:
            name = node["metadata"]["name"]
            if name in self._silent:
                continue
            lease = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": name, "ownerReferences": [_owner(node)]},
                "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": moment},
            }
            api.apply(f"{_LEASES}/{name}", lease, "kubelet", force="true")

    def change(self, name: str, action: str, **body: Any) -> None:
        """What `Double.node` does."""
        path = f"/api/v1/nodes/{name}"
        match action:
            case "add":
                self._add(bootstrap.node(name, body.get("memory", MEMORY), body.get("cpu", CPU)))
            case "remove":
                self._api.delete(path)
                self._api.delete(f"{_LEASES}/{name}")
            case "cordon" | "uncordon":
                self._merge(path, {"spec": {"unschedulable": True if action == "cordon" else None}})
            case "taint":
                taint = {"key": body["key"], "value": body.get("value", ""), "effect": body.get("effect", "NoSchedule")}
                self._merge(path, {"spec": {"taints": [*self._taints(path), taint]}})
            case "untaint":
                rest = [taint for taint in self._taints(path) if taint["key"] != body["key"]]
                self._merge(path, {"spec": {"taints": rest}})
            case "label":
                self._merge(path, {"metadata": {"labels": body["labels"]}})
            case "memory":
                size = {"memory": body["memory"]}
                self._merge(f"{path}/status", {"status": {"capacity": size, "allocatable": size}})
            case "ready":
                self._set_ready(name, body.get("ready", True))
            case "images":
                images = [{"names": [image], "sizeBytes": 1_000_000} for image in body["images"]]
                self._merge(f"{path}/status", {"status": {"images": images}})
            case "kubelet":
                self._merge(f"{path}/status", {"status": {"nodeInfo": {"kubeletVersion": body["version"]}}})
            case _:
                raise ValueError(f"no action {action}")

    def _add(self, node: dict[str, Any]) -> None:
        status = node.pop("status")
        for field in ("uid", "creationTimestamp"):
            node["metadata"].pop(field, None)
        name = node["metadata"]["name"]
        reply = self._api.post("/api/v1/nodes", node)
        assert reply.status == 201, reply.text
        self._merge(f"/api/v1/nodes/{name}/status", {"status": status})
        self._silent.discard(name)
        self.beat(self._api)

    def _make_plain(self, node: dict[str, Any]) -> None:
        name = node["metadata"]["name"]
        plain = bootstrap.node(name, MEMORY, CPU)
        extra = {key: None for key in node["metadata"]["labels"] if key not in plain["metadata"]["labels"]}
        spec = {"unschedulable": None, "taints": None}
        self._merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": extra}, "spec": spec})
        self._merge(f"/api/v1/nodes/{name}/status", {"status": plain["status"]})

    def _set_ready(self, name: str, ready: bool) -> None:
        (self._silent.discard if ready else self._silent.add)(name)
        status = bootstrap.node(name, MEMORY, CPU)["status"]
        for condition in status["conditions"]:
            condition["status"] = "True" if ready else "Unknown"
        self._merge(f"/api/v1/nodes/{name}/status", {"status": {"conditions": status["conditions"]}})

    def _taints(self, path: str) -> list[dict[str, Any]]:
        return self._api.get(path).json["spec"].get("taints", [])

    def _merge(self, path: str, change: dict[str, Any]) -> None:
        reply = self._api.patch(path, change, MERGE)
        assert reply.status == 200, reply.text


def _owner(node: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "name": node["metadata"]["name"], "uid": node["metadata"]["uid"]}
