"""The operator's admission webhooks, whose pods nobody runs."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlparse

from apiserver.client import JSON_PATCH, STRATEGIC, Client
from apiserver.controllers.operator import GROUP, MANAGER

Obj = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/deployments"
CONFIGURATIONS = tuple(
    f"/apis/admissionregistration.k8s.io/v1/{plural}"
    for plural in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
)
_MANAGER = "stand-in"
_NOBODY = {"matchLabels": {"tests/calls-webhooks": "true"}}


class Webhooks:
    """While an operator is available its webhooks agree to everything, unless a test serves them; without one they are
    called in vain."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._served: dict[str, int] = {}
        # A test tells of a webhook on its own thread.
        self._lock = threading.Lock()

    def serve(self, name: str, url: str) -> None:
        """From now on a webhook is called at a port of this machine; trust and names are those of its Service."""
        port = urlparse(url).port
        assert port is not None, url
        with self._lock:
            self._served[name] = port
            self._reconcile()

    def forget(self) -> None:
        """Serve none any more."""
        with self._lock:
            self._served.clear()

    def reconcile(self) -> None:
        """Let the webhooks match no object, or every one, by a field that those who deploy them leave alone."""
        with self._lock:
            self._reconcile()

    def _reconcile(self) -> None:
        deployments = self._api.get(DEPLOYMENTS).json["items"]
        selector = _NOBODY if any(is_operator(obj) for obj in deployments) else {}
        for path in CONFIGURATIONS:
            for configuration in self._api.get(path).json["items"]:
                self._set(f"{path}/{configuration['metadata']['name']}", configuration, selector)

    def _set(self, path: str, configuration: Obj, selector: Obj) -> None:
        changes = [
            change
            for hook in configuration.get("webhooks", ())
            if _is_vineyards(hook) and (change := self._change(hook, selector))
        ]
        if changes:
            change = {"metadata": {"uid": configuration["metadata"]["uid"]}, "webhooks": changes}
            reply = self._api.patch(path, change, STRATEGIC, fieldManager=_MANAGER)
            if reply.status == 200:
                self._disown(path, reply.json)

    def _change(self, hook: Obj, selector: Obj) -> Obj | None:
        name, port = hook["name"], self._served.get(hook["name"])
        wanted: Obj = {"objectSelector": {} if port else selector}
        if port:
            service = hook["clientConfig"]["service"]
            self._lead_here(service["namespace"], service["name"])
            wanted["clientConfig"] = {"service": service | {"port": port}}
        is_so = hook.get("objectSelector", {}) == wanted["objectSelector"] and port in (None, _port(hook))
        if is_so:
            return None
        return {"name": name, **wanted, "objectSelector": {"$patch": "replace", **wanted["objectSelector"]}}

    def _lead_here(self, namespace: str, name: str) -> None:
        """The API server looks up a Service before it calls, but no addresses of this machine may be behind one."""
        change = {"spec": {"type": "ExternalName", "externalName": "127.0.0.1"}}
        self._api.patch(f"/api/v1/namespaces/{namespace}/services/{name}", change, STRATEGIC, fieldManager=_MANAGER)

    def _disown(self, path: str, configuration: Obj) -> None:
        """Own no field, so that nobody who deploys the webhooks again is told of a conflict."""
        meta = configuration["metadata"]
        others = [entry for entry in meta["managedFields"] if entry["manager"] != _MANAGER]
        self._api.patch(
            path,
            [
                {"op": "test", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
                {"op": "replace", "path": "/metadata/managedFields", "value": others},
            ],
            JSON_PATCH,
        )


def _port(hook: Obj) -> int:
    return hook["clientConfig"]["service"].get("port", 443)


def is_operator(deployment: Obj) -> bool:
    """Whether a Deployment is an operator that works."""
    conditions = deployment.get("status", {}).get("conditions", ())
    available = any(entry["type"] == "Available" and entry["status"] == "True" for entry in conditions)
    meta = deployment["metadata"]
    return meta["name"] == MANAGER and available and "deletionTimestamp" not in meta


def _is_vineyards(hook: Obj) -> bool:
    return any(GROUP in rule.get("apiGroups", ()) for rule in hook.get("rules", ()))
