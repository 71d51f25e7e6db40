"""Rows: what another store has, read by name through the store of this machine; two stores share an etcd on loopback."""

from __future__ import annotations

from collections.abc import Iterator

from bench.bench import Bench
from bench.daemon import Side
from bench.results import Budget, Line, Results
from bench.rows import sizes
from bench.rows.etcd_pair import fresh_etcd, sharing

SMALL = 1 << 10
LARGE = {64 << 20: 4.0, 1 << 30: 6.0}
OF_PLAIN = Budget(0.7, at_least=True)
SECOND = Budget(1.1, at_least=False, tolerance=0.05)


def measure(bench: Bench) -> Iterator[Line]:
    """First reader, second reader, and the same of the reader's own store."""
    results = Results("Remote")
    chosen = [SMALL, *list(LARGE)[: 1 if bench.options.quick else None]]
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name):
            _read_all(bench, side, chosen, results)
    yield results.line(
        f"first {SMALL}", "get by name 1 KiB, first reader", "ms", Budget(4, at_least=False), note="≥ 20× wanted, too"
    )
    yield results.line(f"second {SMALL}", "get by name 1 KiB, second reader", "ms")
    yield results.line(f"times {SMALL}", "second reader ÷ local get, 1 KiB", "×", SECOND)
    for size in chosen[1:]:
        what = sizes.text(size)
        budget = Budget(LARGE[size], at_least=True, of_ratio=True)
        yield results.line(f"first {size}", f"get by name {what}, first reader", "GB/s", budget)
        yield results.line(
            f"plain {size}", f"a plain socket copy of {what}", "GB/s", note="one connection, warm memory"
        )
        yield results.line(f"of plain {size}", "first reader ÷ that", "×", OF_PLAIN)
        yield results.line(f"second {size}", f"get by name {what}, second reader", "ms")
        yield results.line(f"times {size}", f"second reader ÷ local get, {what}", "×", SECOND)


def _read_all(bench: Bench, side: Side, chosen: list[int], results: Results) -> None:
    # Host memory for both stores, what they populate included, and for the client.
    if bench.options.warm_host:
        bench.client("touch", size=8 * sizes.GIB if chosen[-1] >= sizes.GIB else 4 * sizes.GIB)
    with fresh_etcd() as etcd, sharing(bench, side, etcd) as owner, sharing(bench, side, etcd) as reader:
        for size in chosen:
            report = bench.client(
                "remote",
                owner=str(owner.socket),
                reader=str(reader.socket),
                ports=[port for port in (owner.metrics_port, reader.metrics_port) if port],
                size=size,
                count=30 if size == SMALL else 1,
                rounds=200 if size == SMALL or side is bench.ours else 2,
            )
            figure = report["first"] * 1e3 if size == SMALL else size / report["first"] / 1e9
            results.add(f"first {size}", side.name, figure)
            results.add(f"second {size}", side.name, report["second"] * 1e3)
            results.add(f"times {size}", side.name, report["second"] / report["own"])
            if size != SMALL and side is bench.ours:
                plain = bench.client("socket_copy", size=size)["rate"] / 1e9
                results.add(f"plain {size}", side.name, plain)
                results.add(f"of plain {size}", side.name, figure / plain)
