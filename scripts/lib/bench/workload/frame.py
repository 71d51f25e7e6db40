"""csi.write and csi.read of a large frame of numbers, truths and instants."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import pandas as pd
import vineyard.csi

from bench.touch import touch
from bench.workload import serve

ROUNDS = 5
ROW_BYTES = 8 + 8 + 8 + 8 + 4 + 4 + 1 + 8


def work(directory: str, size: int) -> dict[str, Any]:
    """Seconds of the first write, of a later one and of a read, and the copy speed of one thread.

    A write takes the memory of the one before it, as in a volume where a path is written again; medians.
    """
    frame = _frame(size // ROW_BYTES)
    touch(size + (64 << 20))
    path = f"{directory}/frame"
    client = vineyard.connect(f"{directory}/vineyard.sock")
    writes, reads = [], []
    for number in range(ROUNDS + 1):
        begin = time.perf_counter()
        vineyard.csi.write(frame, path)
        writes.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        got = vineyard.csi.read(path)
        reads.append(time.perf_counter() - begin)
        if number == ROUNDS and not got.equals(frame):
            raise AssertionError("what is read is not what was written")
        del got
        client.delete(client.get_name(path))
    total = int(frame.memory_usage(index=False).sum())
    return {
        "bytes": total,
        "first": writes[0],
        "write": statistics.median(writes[1:]),
        "read": statistics.median(reads),
        "memcpy": _copy_speed(total),
    }


def _frame(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    return pd.DataFrame(
        {
            "a": rng.random(rows),
            "b": rng.random(rows),
            "c": rng.integers(0, 1 << 40, rows),
            "d": rng.integers(0, 1 << 40, rows),
            "e": rng.random(rows, np.float32),
            "f": rng.integers(0, 100, rows, np.int32),
            "g": rng.integers(0, 2, rows).astype(bool),
            "h": np.arange(rows, dtype="i8").view("M8[ns]"),
        }
    )


def _copy_speed(size: int) -> float:
    source, target = np.full(size, 1, np.uint8), np.full(size, 2, np.uint8)
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - begin)
    return size / statistics.median(seconds)


if __name__ == "__main__":
    serve(work)
