"""A first put on a new connection, then the same put again and again."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
import vineyard

from bench.touch import touch
from bench.workload import serve

MARGIN_BYTES = 64 << 20


def work(socket: str, size: int, repeats: int, warm: bool) -> dict[str, Any]:
    """Seconds of the first put and of each later one (delete between), page faults per put."""
    value = np.full(size // 8, 1.0)
    client = vineyard.connect(socket)
    if warm:
        touch(size + size // 4 + MARGIN_BYTES)
    seconds, faults = [], []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        begin = time.perf_counter()
        target = client.put(value)
        seconds.append(time.perf_counter() - begin)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        client.delete(target)
    return {"first": seconds[0], "repeated": seconds[1:],
            "first_faults": faults[0], "repeated_faults": faults[1:]}


if __name__ == "__main__":
    serve(work)
