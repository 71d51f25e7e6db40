"""Kubeconfigs and things that stand between the program and a cluster."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any, Iterator

import yaml

COMMANDS = (
    ("deploy", "vineyard-cluster", "--create-namespace"), ("delete", "vineyard-cluster"), ("check", "--pre"), ("status",))


def edited(kubeconfig: Path, target: Path, **user: Any) -> Path:
    """A kubeconfig like another one, with another user."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = user
    target.write_text(yaml.safe_dump(config))
    return target


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def tunnel() -> Iterator[tuple[int, list[str]]]:
    """A proxy that only understands CONNECT; yields its port and the targets it was asked for."""
    targets: list[str] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def handle(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            method, target, _ = head.split(b"\r\n")[0].decode().split()
            assert method == "CONNECT"
            targets.append(target)
            host, port = target.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as upstream:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
                back.start()
                pump(client, upstream)
                back.join()

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1], targets
