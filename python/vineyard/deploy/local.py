"""Stores on this machine."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket as sockets
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

from vineyard.deploy.ctl import find_vineyardctl_path

_POLL_SECONDS = 0.01
_stores: dict[str, Any] = {}
_lock = threading.Lock()


def _command(vineyardd_path: str | None) -> list[str]:
    if vineyardd_path:
        return [vineyardd_path]
    program = find_vineyardctl_path()
    if program is not None:
        return [program, "vineyardd"]
    found = shutil.which("vineyardd")
    if found is None:
        raise RuntimeError('Unable to find the "vineyardd" executable: put vineyardctl or vineyardd on PATH')
    return [found]


@contextlib.contextmanager
def start_vineyardd(
    meta: str | None = "local",
    etcd_endpoints: str | None = None,
    etcd_prefix: str | None = None,
    vineyardd_path: str | None = None,
    size: str | int | None = "",
    socket: str | None = None,
    rpc: bool = True,
    rpc_socket_port: int | str = 9600,
    debug: bool = False,
) -> Iterator[tuple[subprocess.Popen[bytes], str, str | None]]:
    """A store for the length of a block: (process, path of its socket, endpoints of etcd).

    Args:
        meta: where metadata is kept: `local`, or `etcd` with `etcd_endpoints`.
        etcd_endpoints: addresses of etcd.
        etcd_prefix: prefix of the cluster's keys.
        vineyardd_path: program to start; `vineyardctl vineyardd` when none is given.
        size: memory for blobs, such as `256Mi`; what the machine can spare when none is given.
        socket: path of the socket; one in a directory for temporary files when none is given.
        rpc: whether it serves TCP.
        rpc_socket_port: port for that.
        debug: whether its log shows everything.

    Raises:
        RuntimeError: there is no program, or it ended.
    """
    with contextlib.ExitStack() as stack:
        if socket is None:
            socket = os.path.join(stack.enter_context(tempfile.TemporaryDirectory(prefix="vineyard-")), "vineyard.sock")
        words = [*_command(vineyardd_path), "--socket", socket, "--meta", meta or "local"]
        words += ["--size", str(size)] if size else []
        words += ["--rpc_socket_port", str(rpc_socket_port)] if rpc else ["--norpc"]
        words += ["--etcd_endpoint", etcd_endpoints] if etcd_endpoints else []
        words += ["--etcd_prefix", etcd_prefix] if etcd_prefix else []
        words += ["--v", "11"] if debug else []
        log = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=None if debug else log)
        try:
            while not _accepts(socket):
                if process.poll() is not None:
                    log.seek(0)
                    said = log.read().decode(errors="replace").strip()
                    raise RuntimeError(f"vineyardd ended with status {process.returncode}: {said}")
                time.sleep(_POLL_SECONDS)
            yield process, socket, etcd_endpoints
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def _accepts(path: str) -> bool:
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0


def try_init() -> str:
    """Start a store that ends with this process, and return its socket; `connect()` finds it.

    Raises:
        ValueError: the environment names a store.
    """
    with _lock:
        if "VINEYARD_IPC_SOCKET" in os.environ:
            raise ValueError(f"VINEYARD_IPC_SOCKET names a store already: {os.environ['VINEYARD_IPC_SOCKET']}")
        context = start_vineyardd(meta="local", rpc=False)
        _, path, _ = context.__enter__()
        _stores[path] = (os.getpid(), context)
        os.environ["VINEYARD_IPC_SOCKET"] = path
        return path


def get_current_socket() -> str:
    """Socket of the store that `try_init` started.

    Raises:
        ValueError: there is none.
    """
    if not _stores:
        raise ValueError("Vineyard has not been initialized, use vineyard.try_init() to start a store")
    return next(iter(_stores))


def shutdown() -> None:
    """End the stores that `try_init` started."""
    while _stores:
        path, (process, context) = _stores.popitem()
        if process == os.getpid():
            context.__exit__(None, None, None)
        if os.environ.get("VINEYARD_IPC_SOCKET") == path:
            del os.environ["VINEYARD_IPC_SOCKET"]


atexit.register(shutdown)
