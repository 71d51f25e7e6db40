"""The operator: `vineyardctl render` says what a custom resource needs, this applies it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from apiserver.client import MERGE, Client
from apiserver.controllers import actions, resource_status
from apiserver.controllers.operator import GROUP

from . import resources
from .webhooks import DEPLOYMENTS, is_operator

Obj = dict[str, Any]
_FIELD_MANAGER = "vineyard-operator"
_ROOT = f"/apis/{GROUP}/v1alpha1"


class Operator:
    """Works while the Deployment `vineyard-controller-manager` is available somewhere."""

    def __init__(self, api: Client, program: str) -> None:
        self._api = api
        self._program = program
        # What was applied for a resource: its generation, and the paths.
        self._applied: dict[str, tuple[int, set[str]]] = {}

    def reconcile(self) -> None:
        """Bring all custom resources up to date."""
        deployments = _by_name(self._items(DEPLOYMENTS))
        manager = next((where for (where, _), obj in deployments.items() if is_operator(obj)), None)
        if manager is None:
            return
        for resource in self._items(f"{_ROOT}/vineyardds"):
            meta = resource["metadata"]
            self._render(resource)
            stores = deployments.get((meta["namespace"], meta["name"]))
            path = f"{_ROOT}/namespaces/{meta['namespace']}/vineyardds/{meta['name']}"
            self._set_status(path, resource, resource_status.vineyardd(resource, stores))
        daemons = None
        for resource in self._items(f"{_ROOT}/csidrivers"):
            daemons = daemons if daemons is not None else _by_name(self._items("/apis/apps/v1/daemonsets"))
            name = resource["metadata"]["name"]
            self._render(resource, "--namespace", manager)
            controller, nodes = (
                deployments.get((manager, f"{name}-csi-driver")),
                daemons.get((manager, f"{name}-csi-nodes")),
            )
            status = resource_status.driver(resource, controller, nodes)
            self._set_status(f"{_ROOT}/csidrivers/{name}", resource, status)

    def _items(self, path: str) -> list[Obj]:
        """The objects of a collection that are to stay; none where the server doesn't know the kind."""
        reply = self._api.get(path)
        items = reply.json["items"] if reply.status == 200 else []
        return [item for item in items if "deletionTimestamp" not in item["metadata"]]

    def _render(self, resource: Obj, *arguments: str) -> None:
        uid, generation = resource["metadata"]["uid"], resource["metadata"]["generation"]
        before = self._applied.get(uid, (0, set()))
        if before[0] == generation:
            return
        command = [self._program, "render", "-f", "-", "-o", "json", *arguments]
        done = subprocess.run(command, input=json.dumps(resource), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        objects = json.loads(done.stdout)["items"]
        ready = [obj for obj in objects if self._has_namespace(obj)]
        paths = {self._apply(obj, resource) for obj in ready}
        for path in before[1] - paths:
            self._api.delete(path)
        # What has no namespace yet is tried again.
        self._applied[uid] = (generation if len(ready) == len(objects) else 0, paths)

    def _has_namespace(self, obj: Obj) -> bool:
        namespace = obj["metadata"].get("namespace")
        return namespace is None or self._api.get(f"/api/v1/namespaces/{namespace}").status == 200

    def _apply(self, obj: Obj, resource: Obj) -> str:
        kind = resources.of(self._api, obj)
        meta = dict(obj["metadata"])
        # An object of no namespace must not have an owner in one.
        if kind.namespaced or "namespace" not in resource["metadata"]:
            meta["ownerReferences"] = [actions.owner_reference(resource)]
        if kind.namespaced:
            meta.setdefault("namespace", resource["metadata"].get("namespace", "default"))
        whole = {**obj, "metadata": meta}
        # Each rendering has another token in it; the first one counts.
        if obj["kind"] == "Secret" and self._api.get(kind.path(whole)).status == 200:
            return kind.path(whole)
        reply = self._api.apply(kind.path(whole), whole, _FIELD_MANAGER, force="true", fieldValidation="Strict")
        if reply.status not in (200, 201):
            raise RuntimeError(f"{kind.path(whole)}: {reply.text}")
        return kind.path(whole)

    def _set_status(self, path: str, resource: Obj, status: Obj) -> None:
        before = resource.get("status") or {}
        if any(before.get(key) != value for key, value in status.items()):
            self._api.patch(f"{path}/status", {"status": status}, MERGE, fieldManager=_FIELD_MANAGER)


def _by_name(objects: list[Obj]) -> dict[tuple[str, str], Obj]:
    return {(obj["metadata"]["namespace"], obj["metadata"]["name"]): obj for obj in objects}
