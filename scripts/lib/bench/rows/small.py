"""Rows: small operations of one client per second, and server CPU of each."""

from __future__ import annotations

from collections.abc import Iterator

from bench.bench import Bench
from bench.results import Budget, Line, Results

QUARTER = Budget(0.25, at_least=False, of_ratio=True)


def measure(bench: Bench) -> Iterator[Line]:
    """put, get, get_meta, exists of a 1 KiB array."""
    yield from _measure(
        bench,
        "Small operations, 1 client, 1 KiB",
        named=False,
        budgets={"put": ("put", 1.4), "get": ("get", 1.25), "get_meta": ("get_meta", 1.6), "exists": ("exists", 1.5)},
    )


def measure_named(bench: Bench) -> Iterator[Line]:
    """put(persist, name) and get(name), as csi.write and csi.read do."""
    yield from _measure(
        bench,
        "Named persisted, 1 client, 1 KiB",
        named=True,
        budgets={"put_named": ("put, persist, name", 1.6), "get_named": ("get by name", 1.6)},
    )


def _measure(bench: Bench, group: str, named: bool, budgets: dict[str, tuple[str, float]]) -> Iterator[Line]:
    results = Results(group)
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name), bench.daemon(side, size="1G") as daemon:
            report = bench.client(
                "rates", socket=str(daemon.socket), pid=daemon.pid, operations=bench.options.operations, named=named
            )
            for operation, cost in report.items():
                results.add(operation, side.name, 1 / cost["seconds"])
                results.add(f"cpu {operation}", side.name, cost["server_cpu"] * 1e6)
    for operation, (what, limit) in budgets.items():
        yield results.line(operation, what, "per s", Budget(limit, at_least=True, of_ratio=True))
        yield results.line(f"cpu {operation}", f"{what}, server CPU", "µs", QUARTER)
