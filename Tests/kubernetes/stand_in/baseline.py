"""What a cluster holds, to take away what tests add."""

from __future__ import annotations

import time
from typing import Any

from apiserver.client import MERGE, Client

from . import resources

Obj = dict[str, Any]
# What the control plane makes by itself for other objects, and nodes, which the stand-in keeps.
_OTHERS = {
    "events",
    "leases",
    "endpoints",
    "endpointslices",
    "controllerrevisions",
    "nodes",
    "csinodes",
    "apiservices",
    "componentstatuses",
    "replicasets",
    "ipaddresses",
    "flowschemas",
    "prioritylevelconfigurations",
}
# What every namespace gets again.
_EVERYWHERE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_PATIENCE_SECONDS = 90
_SYSTEM_FINALIZERS = {"foregroundDeletion", "orphan", "customresourcecleanup.apiextensions.k8s.io"}


class Baseline:
    """The objects of a cluster at one time."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._known = {obj["metadata"]["uid"] for _, obj in self._objects()}

    def restore(self) -> None:
        """Delete every object that was not there, and wait until it is gone."""
        self._api.delete("/api/v1/namespaces/default/events")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        asked: set[str] = set()
        while news := [(path, obj) for path, obj in self._objects() if obj["metadata"]["uid"] not in self._known]:
            if time.monotonic() > deadline:
                raise AssertionError(f"still there: {[path for path, _ in news]}")
            for path, obj in news:
                self._remove(path, obj, asked)
            time.sleep(0.1)

    def _objects(self) -> list[tuple[str, Obj]]:
        found = []
        for resource in resources.everywhere(self._api):
            if resource.plural in _OTHERS or not {"list", "delete"} <= resource.verbs:
                continue
            reply = self._api.get(resource.collection())
            if reply.status != 200:
                continue
            items = [{**item, "kind": resource.kind} for item in reply.json["items"]]
            found += [(resource.path(item), item) for item in items if _counts(item)]
        return found

    def _remove(self, path: str, obj: Obj, asked: set[str]) -> None:
        meta = obj["metadata"]
        if set(meta.get("finalizers", ())) - _SYSTEM_FINALIZERS:
            self._api.patch(path, {"metadata": {"finalizers": None}}, MERGE)
        if meta["uid"] not in asked:
            asked.add(meta["uid"])
            options = {"propagationPolicy": "Background", "preconditions": {"uid": meta["uid"]}}
            self._api.delete(path, options | ({"gracePeriodSeconds": 0} if "/pods/" in path else {}))


def _counts(obj: Obj) -> bool:
    """Whether nothing of Kubernetes makes the object again, or takes it away, by itself."""
    owners = [entry for entry in obj["metadata"].get("ownerReferences", ()) if entry.get("controller")]
    # The garbage collector may not know custom resources yet.
    if any("." not in owner["apiVersion"].split("/")[0] for owner in owners):
        return False
    meta = obj["metadata"]
    return (obj["kind"], meta["name"]) not in _EVERYWHERE
