"""Copy speed of the machine's memory, both sides touched before."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bench.workload import serve


def work(size: int, rounds: int, threads: int) -> dict[str, Any]:
    """Bytes copied per second by `threads` threads; median over `rounds`."""
    source, target = np.full(size, 1, np.uint8), np.full(size, 2, np.uint8)
    pairs = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    speeds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            list(pool.map(lambda pair: np.copyto(*pair), pairs))
            speeds.append(size / (time.perf_counter() - begin))
    return {"bytes_per_second": statistics.median(speeds[1:])}


if __name__ == "__main__":
    serve(work)
