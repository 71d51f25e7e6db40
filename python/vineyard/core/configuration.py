"""Where a store is: arguments first, then the environment, then a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

DEFAULT_DIRECTORY = "/var/run"
_FILES = ("vineyard-config.yaml", "vineyard/vineyard-config.yaml")
_VARIABLES = ("VINEYARD_IPC_SOCKET", "VINEYARD_RPC_ENDPOINT", "VINEYARD_CONFIG")

Address = "tuple[str, int]"


def endpoints_of(environment: Mapping[str, str]) -> bool:
    """Whether anything but arguments says where a store is."""
    if any(variable in environment for variable in _VARIABLES):
        return True
    return any(os.path.exists(os.path.join(DEFAULT_DIRECTORY, file)) for file in _FILES)


def settings(
    socket: Any, port: Any, host: str | None, endpoint: Any, config: str | None
) -> tuple[Any, list[tuple[str, int]]]:
    """Path of the local store, and addresses of stores elsewhere to be tried in order."""
    if isinstance(socket, (tuple, list)):
        socket, endpoint = None, socket
    if socket is not None and port is not None and host is None:
        socket, host = None, str(socket)
    if isinstance(socket, str) and "/" not in socket and _looks_remote(socket):
        socket, endpoint = None, socket
    named = socket or endpoint or (host and port)
    if not named:
        socket = os.environ.get("VINEYARD_IPC_SOCKET")
        endpoint = os.environ.get("VINEYARD_RPC_ENDPOINT")
    elif not socket and os.environ.get("VINEYARD_IPC_SOCKET"):
        # As the original: a client over TCP has the local store, too.
        socket = os.environ["VINEYARD_IPC_SOCKET"]
    addresses = _addresses(endpoint)
    if host and port:
        addresses.append((host, int(port)))
    if not socket and not addresses:
        socket, told = _from_file(config or os.environ.get("VINEYARD_CONFIG") or DEFAULT_DIRECTORY)
        addresses = _addresses(told)
    return socket, addresses


def _looks_remote(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdigit() and not os.path.exists(text)


def _addresses(endpoint: Any) -> list[tuple[str, int]]:
    if not endpoint:
        return []
    if isinstance(endpoint, (tuple, list)):
        return [(str(endpoint[0]), int(endpoint[1]))]
    found = []
    for one in str(endpoint).split(","):
        host, _, port = one.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"{one.strip()!r} is no endpoint: one looks like host:9600")
        found.append((host, int(port)))
    return found


def _from_file(config: str) -> tuple[str | None, str | None]:
    paths = [os.path.join(config, file) for file in _FILES] if os.path.isdir(config) else [config]
    path = next((one for one in paths if os.path.isfile(one)), None)
    if path is None:
        return None, None
    found: dict[str, str] = {}
    with open(path, encoding="utf-8") as lines:
        # Two keys of a small file: that takes no YAML library.
        for line in lines:
            key, colon, value = line.partition(":")
            if colon and key.strip() in ("IPCSocket", "RPCEndpoint"):
                found[key.strip()] = value.split(" #")[0].strip().strip("'\"")
    socket = found.get("IPCSocket")
    if socket and not os.path.isabs(socket):
        socket = os.path.join(os.path.dirname(path), socket)
    return socket if socket and os.path.exists(socket) else None, found.get("RPCEndpoint")
