"""Several stores on this machine that share an etcd, as on as many nodes: bytes go between them over TCP."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import children
from .progress import QuickstartError
from .store import START_TIMEOUT_SECONDS, Store


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def etcd(directory: Path) -> Iterator[str]:
    """Run an etcd with its data in `directory`; give its endpoint."""
    client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    log = directory / "etcd.log"
    command = [
        "etcd", "--data-dir", str(directory / "etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
    ]  # fmt: skip
    try:
        with open(log, "wb") as output:
            process = children.start(command, stdout=output, stderr=output)
    except OSError as error:
        raise QuickstartError(f"cannot run etcd: {error.strerror}", "install the package etcd-server") from error
    try:
        _wait_for_etcd(process, log)
        yield client
    finally:
        children.stop(process)


@contextmanager
def stores(command: str, directory: Path, size: int, count: int) -> Iterator[list[Store]]:
    """Run `count` stores of `size` bytes each, in directories below `directory`, and the etcd they share."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(etcd(directory))
        ports = free_ports(count)
        yield [
            stack.enter_context(Store(command, directory / f"node-{number}", size, flags(endpoint, port)))
            for number, port in enumerate(ports, 1)
        ]


def flags(endpoint: str, port: int) -> list[str]:
    """Return the flags of a store that shares its metadata and gives others its bytes at `port`."""
    return [
        "--meta",
        "etcd",
        "--etcd_endpoint",
        endpoint,
        "--etcd_prefix",
        "quickstart",
        "--rpc_socket_port",
        str(port),
    ]


def _wait_for_etcd(process: subprocess.Popen[str], log: Path) -> None:
    """Return once it serves."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if "ready to serve client requests" in log.read_text(errors="replace"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise QuickstartError("etcd did not start", log=log.read_text(errors="replace").splitlines()[-4:])
