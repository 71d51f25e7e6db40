"""From a kubeconfig to plain requests."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from apiserver.certificates import Pair
from apiserver.client import Client
from apiserver.kubeconfig import with_certificate, with_token

_FILES = {
    "ca.crt": ("cluster", "certificate-authority"),
    "client.crt": ("user", "client-certificate"),
    "client.key": ("user", "client-key"),
}


class Access:
    """The server of a kubeconfig's current context, as its user, who has a client certificate."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"], "context")
        parts = {
            "cluster": _named(config["clusters"], context["cluster"], "cluster"),
            "user": _named(config["users"], context["user"], "user"),
        }
        for name, (part, key) in _FILES.items():
            data = parts[part].get(f"{key}-data")
            content = base64.b64decode(data) if data else (kubeconfig.parent / parts[part][key]).read_bytes()
            (directory / name).write_bytes(content)
            (directory / name).chmod(0o600)
        self.server: str = parts["cluster"]["server"]
        self._directory = directory

        pair = Pair((directory / "client.crt").read_bytes(), (directory / "client.key").read_bytes())
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(with_certificate(self.server, self._authority, pair))

    @property
    def _authority(self) -> bytes:
        return (self._directory / "ca.crt").read_bytes()

    def write_token(self, token: str) -> None:
        """Write what a `Double` writes for the same user with a bearer token."""
        (self._directory / "token").write_text(token)
        (self._directory / "kubeconfig-token").write_text(with_token(self.server, self._authority, token))

    def client(self) -> Client:
        """A client with a connection of its own, for one thread."""
        return Client(self.server, self._directory)


def _named(entries: list[dict[str, Any]], name: str, key: str) -> dict[str, Any]:
    return next(entry[key] for entry in entries if entry["name"] == name)
