"""kubeconfig files that reach the double."""

from __future__ import annotations

import base64
from typing import Any

import yaml

from .certificates import Pair


def with_certificate(server: str, authority: bytes, client: Pair, namespace: str = "default") -> str:
    """A kubeconfig whose user proves itself with an inline client certificate."""
    user = {"client-certificate-data": _base64(client.certificate), "client-key-data": _base64(client.key)}
    return _kubeconfig(server, authority, user, namespace)


def with_token(server: str, authority: bytes, token: str, namespace: str = "default") -> str:
    """A kubeconfig whose user proves itself with a bearer token."""
    return _kubeconfig(server, authority, {"token": token}, namespace)


def _kubeconfig(server: str, authority: bytes, user: dict[str, Any], namespace: str) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "double",
                "cluster": {"server": server, "certificate-authority-data": _base64(authority)},
            }
        ],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "double", "context": {"cluster": "double", "user": "admin", "namespace": namespace}}],
        "current-context": "double",
    }
    return yaml.safe_dump(config, sort_keys=False)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
