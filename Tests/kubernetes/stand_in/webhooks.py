"""Admission webhooks whose pods nobody runs."""

from __future__ import annotations

from typing import Any

from apiserver.client import Client

_GROUP = "/apis/admissionregistration.k8s.io/v1"
_NOBODY = {"matchLabels": {"tests/calls-webhooks": "true"}}


class Webhooks:
    """Keeps the server from calling them, by a field that those who deploy them leave alone."""

    def __init__(self, api: Client, plural: str) -> None:
        self._api = api
        self.path = f"{_GROUP}/{plural}"

    def park(self, configuration: dict[str, Any] | None) -> None:
        """Let the webhooks of our group match no object."""
        if configuration is None:
            return
        ours = [hook for hook in configuration.get("webhooks", ()) if _is_vineyards(hook)]
        if not ours or all(hook.get("objectSelector") == _NOBODY for hook in ours):
            return
        name = configuration["metadata"]["name"]
        hooks = [{"name": hook["name"], "objectSelector": _NOBODY} for hook in ours]
        change = {"metadata": {"uid": configuration["metadata"]["uid"]}, "webhooks": hooks}
        kind = "application/strategic-merge-patch+json"
        self._api.patch(f"{self.path}/{name}", change, kind, fieldManager="stand-in")


def _is_vineyards(hook: dict[str, Any]) -> bool:
    return any("k8s.v6d.io" in rule.get("apiGroups", ()) for rule in hook.get("rules", ()))
