"""Small operations of one client, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import vineyard

from bench.procfs import cpu_nanoseconds
from bench.workload import serve

VALUE_BYTES = 1024
WARM_UP = 50


def work(socket: str, pid: int, operations: int, named: bool) -> dict[str, Any]:
    """Seconds and daemon CPU seconds per call of each operation."""
    client = vineyard.connect(socket)
    value = np.full(VALUE_BYTES // 8, 1.0)

    def measure(call: Callable[[int], Any]) -> dict[str, float]:
        for index in range(-WARM_UP, 0):
            call(index)
        before, begin = cpu_nanoseconds(pid), time.perf_counter()
        for index in range(operations):
            call(index)
        seconds = time.perf_counter() - begin
        return {"seconds": seconds / operations, "server_cpu": (cpu_nanoseconds(pid) - before) / 1e9 / operations}

    if named:
        return {
            "put_named": measure(lambda i: client.put(value, persist=True, name=f"/bench/{i}")),
            "get_named": measure(lambda i: client.get(name=f"/bench/{i}")),
        }
    kept: dict[int, Any] = {}

    def put(index: int) -> None:
        kept[index] = client.put(value)

    return {
        "put": measure(put),
        "get": measure(lambda i: client.get(kept[i])),
        "get_meta": measure(lambda i: client.get_meta(kept[i])),
        "exists": measure(lambda i: client.exists(kept[i])),
    }


if __name__ == "__main__":
    serve(work)
