"""An administrator with a bearer token."""

from __future__ import annotations

from typing import Any

from apiserver.client import Client

_NAME, _NAMESPACE = "tests-administrator", "kube-system"
_ACCOUNTS = f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts"
_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


class Account:
    """A service account that may do everything, for as long as the tests run."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._post(_ACCOUNTS, {"metadata": {"name": _NAME}})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}
        self._post(_BINDINGS, {"metadata": {"name": _NAME}, "roleRef": role, "subjects": [subject]})
        reply = self._post(f"{_ACCOUNTS}/{_NAME}/token", {"spec": {"expirationSeconds": 24 * 3600}})
        self.token: str = reply["status"]["token"]

    def remove(self) -> None:
        self._api.delete(f"{_BINDINGS}/{_NAME}")
        self._api.delete(f"{_ACCOUNTS}/{_NAME}")

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = self._api.post(path, body)
        assert reply.status == 201, reply.text
        return reply.json
