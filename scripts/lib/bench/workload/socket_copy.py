"""What one TCP connection on loopback moves from one process to another, into memory that is there."""

from __future__ import annotations

import mmap
import os
import socket
import statistics
import time
from typing import Any

from bench.workload import serve

ROUNDS = 3
LONGEST_READ = 8 << 20


def work(size: int) -> dict[str, Any]:
    """Median bytes per second."""
    memory = mmap.mmap(-1, size)
    memory.write(b"\1" * size)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = os.fork()
        if child == 0:
            with socket.create_connection(listener.getsockname()) as connection:
                while connection.recv(1):
                    connection.sendall(memory)
            os._exit(0)
        target = memoryview(mmap.mmap(-1, size))
        with listener.accept()[0] as connection:
            # The first round is the one that gets the pages.
            rates = [size / _receive(connection, target) for _ in range(ROUNDS + 1)][1:]
    os.waitpid(child, 0)
    return {"rate": statistics.median(rates)}


def _receive(connection: socket.socket, target: memoryview) -> float:
    begin = time.perf_counter()
    connection.sendall(b"\1")
    received = 0
    while received < len(target):
        received += connection.recv_into(target[received : received + LONGEST_READ])
    return time.perf_counter() - begin


if __name__ == "__main__":
    serve(work)
