"""What a store has of its own: put, get by id, and csi.read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import vineyard
import vineyard.csi

from bench.workload import serve

VALUE_BYTES = 1024
WARM_UP = 20


def work(directory: str, operations: int) -> dict[str, Any]:
    """Median seconds of each."""
    client = vineyard.connect(f"{directory}/vineyard.sock")
    value = np.full(VALUE_BYTES // 8, 1.0)
    kept: dict[int, Any] = {}

    def put(index: int) -> None:
        kept[index] = client.put(value)

    def measure(call: Callable[[int], Any]) -> float:
        seconds = []
        for index in range(-WARM_UP, operations):
            begin = time.perf_counter()
            call(index)
            seconds.append(time.perf_counter() - begin)
        return statistics.median(seconds[WARM_UP:])

    vineyard.csi.write(value, f"{directory}/array")
    return {
        "put": measure(put),
        "get": measure(lambda index: client.get(kept[index])),
        "csi.read": measure(lambda _: vineyard.csi.read(f"{directory}/array")),
    }


if __name__ == "__main__":
    serve(work)
