"""csi.write and csi.read of arrays."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import vineyard
import vineyard.csi

from bench.procfs import cpu_nanoseconds
from bench.workload import serve

PAGE_BYTES = 4096


def work(directory: str, action: str, **parameters: Any) -> dict[str, Any]:
    """`write` the arrays of all sizes, or `read` one of them."""
    return (write if action == "write" else read)(directory, **parameters)


def write(directory: str, sizes: list[int]) -> dict[str, Any]:
    """Store one array per size under its own path."""
    for size in sizes:
        vineyard.csi.write(np.full(size // 8, 1.0), path(directory, size))
    return {}


def read(directory: str, size: int, rounds: int, pid: int) -> dict[str, Any]:
    """Seconds of the first read on an open connection and of a later one, daemon CPU per read.

    `touch` is the time to look at one byte of every page of the first result.
    """
    assert vineyard.connect(f"{directory}/vineyard.sock").status
    target = path(directory, size)
    begin = time.perf_counter()
    value = vineyard.csi.read(target)
    first = time.perf_counter() - begin

    view = np.asarray(value).view(np.uint8)
    begin = time.perf_counter()
    int(view[::PAGE_BYTES].sum())
    touch = time.perf_counter() - begin
    if len(view) != size or view[-1] != 0x3F:
        raise AssertionError("what was read is not what was written")

    seconds, before = [], cpu_nanoseconds(pid)
    for _ in range(rounds):
        begin = time.perf_counter()
        vineyard.csi.read(target)
        seconds.append(time.perf_counter() - begin)
    return {
        "first": first,
        "touch": touch,
        "repeated": statistics.median(seconds),
        "server_cpu": (cpu_nanoseconds(pid) - before) / 1e9 / rounds,
    }


def path(directory: str, size: int) -> str:
    """Where the array of a size is."""
    return f"{directory}/array-{size}"


if __name__ == "__main__":
    serve(work)
