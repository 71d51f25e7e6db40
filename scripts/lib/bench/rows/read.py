"""Row: csi.read by size, and what it costs the daemon."""

from __future__ import annotations

from collections.abc import Iterator

from bench.bench import Bench
from bench.daemon import Side
from bench.results import Budget, Line, Results
from bench.rows import sizes

NO_SLOWER = Budget(1, at_least=False, of_ratio=True, tolerance=0.05)
QUARTER = Budget(0.25, at_least=False, of_ratio=True)


def measure(bench: Bench) -> Iterator[Line]:
    """One daemon holds an array per size; each size is read by a fresh process."""
    results = Results("Read")
    chosen = sizes.chosen(bench.options.quick)
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name):
            _read_all(bench, side, chosen, results)
    for size in (sizes.BUDGET_SIZE, *(s for s in chosen if s != sizes.BUDGET_SIZE)):
        what = f"csi.read {sizes.text(size)}"
        lines = [
            results.line(f"first {size}", f"{what}, first of a process", "µs", NO_SLOWER),
            results.line(f"repeated {size}", f"{what}, repeated", "µs", NO_SLOWER),
            results.line(f"cpu {size}", f"{what}, server CPU", "µs", QUARTER),
            results.line(f"touch {size}", f"{what}, then look at every page", "µs"),
        ]
        for line in lines:
            line.group = "Read" if size == sizes.BUDGET_SIZE else "Read by size"
            yield line


def _read_all(bench: Bench, side: Side, chosen: tuple[int, ...], results: Results) -> None:
    with bench.daemon(side) as daemon:
        directory = str(daemon.directory)
        bench.client("read", directory=directory, action="write", sizes=chosen)
        for size in chosen:
            report = bench.client(
                "read",
                directory=directory,
                action="read",
                size=size,
                rounds=bench.options.operations // 4,
                pid=daemon.pid,
            )
            results.add(f"first {size}", side.name, report["first"] * 1e6)
            results.add(f"repeated {size}", side.name, report["repeated"] * 1e6)
            results.add(f"touch {size}", side.name, report["touch"] * 1e6)
            results.add(f"cpu {size}", side.name, report["server_cpu"] * 1e6)
