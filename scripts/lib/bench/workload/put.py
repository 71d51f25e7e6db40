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
    """Seconds of the first put and of each later one (delete between), page faults per put.

    The array changes before each put, and the last one is read back and compared.
    """
    value = np.random.default_rng(size).random(size // 8)
    client = vineyard.connect(socket)
    if warm:
        touch(size + size // 4 + MARGIN_BYTES)
    seconds, faults = [], []
    for index in range(repeats + 1):
        value += 1.0
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        begin = time.perf_counter()
        target = client.put(value)
        seconds.append(time.perf_counter() - begin)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        if index == repeats and not np.array_equal(np.asarray(client.get(target)), value):
            raise AssertionError("what is stored is not what was put")
        client.delete(target)
    return {"first": seconds[0], "repeated": seconds[1:], "first_faults": faults[0], "repeated_faults": faults[1:]}


if __name__ == "__main__":
    serve(work)
