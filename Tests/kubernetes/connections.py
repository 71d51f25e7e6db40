"""Kubeconfigs and things that stand between the program and a cluster."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

COMMANDS = (
    ("deploy", "vineyard-cluster", "--create-namespace"),
    ("delete", "vineyard-cluster"),
    ("check", "--pre"),
    ("status",),
)


# A name that only proxies of these tests know.
HIDDEN = "api.corp.test"


def edited(kubeconfig: Path, target: Path, **user: Any) -> Path:
    """A kubeconfig like another one, with another user."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = user
    target.write_text(yaml.safe_dump(config))
    return target


def hidden(cluster: Any, target: Path, **more: Any) -> Path:
    """A kubeconfig for a cluster whose server has a name that nobody but a proxy can resolve."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    port = cluster.server.rsplit(":", 1)[1]
    entry = config["clusters"][0]["cluster"]
    entry |= {"server": f"https://{HIDDEN}:{port}", "tls-server-name": "127.0.0.1", **more}
    target.write_text(yaml.safe_dump(config))
    return target


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _connect(client: socket.socket) -> str:
    """Read a request of CONNECT; returns its target."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    method, target, _ = head.split(b"\r\n")[0].decode().split()
    assert method == "CONNECT"
    return target


def _socks(client: socket.socket) -> str:
    """Read a request of SOCKS 5 (RFC 1928); returns its target, `name:` in front of one it is to resolve itself."""
    version, methods = client.recv(2)
    assert version == 5
    client.recv(methods)
    client.sendall(b"\x05\x00")
    _, _, _, kind = client.recv(4)
    if kind == 3:
        host = "name:" + client.recv(client.recv(1)[0]).decode()
    else:
        host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, client.recv(4 if kind == 1 else 16))
    return f"{host}:{int.from_bytes(client.recv(2), 'big')}"


ESTABLISHED = {_connect: b"HTTP/1.1 200 Connection established\r\n\r\n", _socks: b"\x05\x00\x00\x01" + bytes(6)}


@contextlib.contextmanager
def tunnel(greet=_connect) -> Iterator[tuple[int, list[str]]]:
    """A proxy that only understands CONNECT; yields its port and the targets it was asked for."""
    targets: list[str] = []

    def handle(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            target = greet(client)
            targets.append(target)
            host, port = target.removeprefix("name:").rsplit(":", 1)
            with socket.create_connection(("127.0.0.1" if host == HIDDEN else host, int(port))) as upstream:
                client.sendall(ESTABLISHED[greet])
                back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
                back.start()
                _pump(client, upstream)
                back.join()

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1], targets


def socks_tunnel() -> contextlib.AbstractContextManager[tuple[int, list[str]]]:
    """A proxy that only understands SOCKS 5."""
    return tunnel(_socks)


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that further ones get no answer (listen(2))."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as waiting:
        address = server.getsockname()
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[1]
