"""The operator's admission webhooks, whose pods nobody runs."""

from __future__ import annotations

from typing import Any

from apiserver.client import STRATEGIC, Client
from apiserver.controllers.operator import GROUP, MANAGER

Obj = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/deployments"
CONFIGURATIONS = tuple(
    f"/apis/admissionregistration.k8s.io/v1/{plural}"
    for plural in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
)
_NOBODY = {"matchLabels": {"tests/calls-webhooks": "true"}}


class Webhooks:
    """While an operator is available its webhooks agree to everything; without one they are called in vain."""

    def __init__(self, api: Client) -> None:
        self._api = api

    def reconcile(self) -> None:
        """Let the webhooks match no object, or every one, by a field that those who deploy them leave alone."""
        deployments = self._api.get(DEPLOYMENTS).json["items"]
        selector = _NOBODY if any(is_operator(obj) for obj in deployments) else {}
        for path in CONFIGURATIONS:
            for configuration in self._api.get(path).json["items"]:
                self._select(path, configuration, selector)

    def _select(self, path: str, configuration: Obj, selector: Obj) -> None:
        ours = [hook for hook in configuration.get("webhooks", ()) if _is_vineyards(hook)]
        if all(hook.get("objectSelector", {}) == selector for hook in ours):
            return
        meta = configuration["metadata"]
        hooks = [{"name": hook["name"], "objectSelector": {"$patch": "replace", **selector}} for hook in ours]
        change = {"metadata": {"uid": meta["uid"]}, "webhooks": hooks}
        self._api.patch(f"{path}/{meta['name']}", change, STRATEGIC, fieldManager="stand-in")


def is_operator(deployment: Obj) -> bool:
    """Whether a Deployment is an operator that works."""
    conditions = deployment.get("status", {}).get("conditions", ())
    available = any(entry["type"] == "Available" and entry["status"] == "True" for entry in conditions)
    meta = deployment["metadata"]
    return meta["name"] == MANAGER and available and "deletionTimestamp" not in meta


def _is_vineyards(hook: Obj) -> bool:
    return any(GROUP in rule.get("apiGroups", ()) for rule in hook.get("rules", ()))
