"""Row: memcpy of the machine, a scale for the puts.

Not their ceiling: the client copies with several threads and instructions of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.bench import Bench
from bench.results import Line, Results
from bench.rows.sizes import BUDGET_SIZE


def measure(bench: Bench) -> Iterator[Line]:
    """GB/s of copying 512 MiB between two touched arrays."""
    results = Results("Machine")
    for threads in bench.alternate(1, 2):
        with results.guard("ours"):
            report = bench.client("memcpy", size=BUDGET_SIZE, rounds=5, threads=threads)
            results.add(f"{threads}", "ours", report["bytes_per_second"] / 1e9)
    yield results.line("1", "memcpy, warm, 1 thread", "GB/s")
    yield results.line("2", "memcpy, warm, 2 threads", "GB/s")
