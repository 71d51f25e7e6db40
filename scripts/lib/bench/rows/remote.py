"""Rows: what another store has, read by name through the store of this machine; two stores share an etcd on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bench.bench import Bench
from bench.daemon import Side
from bench.options import ROOT
from bench.results import Budget, Line, Results
from bench.rows import sizes

SMALL = 1 << 10
LARGE = {64 << 20: 4.0, 1 << 30: 6.0}
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
        yield results.line(f"second {size}", f"get by name {what}, second reader", "ms")
        yield results.line(f"times {size}", f"second reader ÷ local get, {what}", "×", SECOND)


def _read_all(bench: Bench, side: Side, chosen: list[int], results: Results) -> None:
    sys.path.insert(0, str(ROOT / "Tests/client"))
    from etcd import Etcd  # the tests' own

    with ExitStack() as stack:
        etcd = Etcd()
        stack.callback(etcd.discard)
        etcd.start()
        flags = etcd.flags("bench")
        if side is bench.reference:
            flags.append("--compression=false")
        arguments: dict[str, Any] = {"size": "4G", "rpc": True, "environment": {"MY_HOST_NAME": "127.0.0.1"}}
        owner, reader = (stack.enter_context(bench.daemon(side, extra=flags, **arguments)) for _ in range(2))
        for size in chosen:
            report = bench.client(
                "remote",
                owner=str(owner.socket),
                reader=str(reader.socket),
                size=size,
                count=30 if size == SMALL else 1,
                rounds=200 if size == SMALL or side is bench.ours else 2,
            )
            figure = report["first"] * 1e3 if size == SMALL else size / report["first"] / 1e9
            results.add(f"first {size}", side.name, figure)
            results.add(f"second {size}", side.name, report["second"] * 1e3)
            results.add(f"times {size}", side.name, report["second"] / report["own"])
