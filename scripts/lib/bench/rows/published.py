"""Rows: the start of a store that finds 100,000 published objects of another one in etcd."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bench import procfs
from bench.bench import Bench
from bench.results import Budget, Line, Results
from bench.rows.etcd_pair import fresh_etcd, sharing, start
from bench.wire import WireConnection, request

OBJECTS = 100_000
IDLE_SECONDS = 3.0


def measure(bench: Bench) -> Iterator[Line]:
    """One store publishes them; others start one after another, each alone with it. Ours alone: see the note."""
    results = Results("Published objects")
    count = OBJECTS // 10 if bench.options.quick else OBJECTS
    with results.guard("ours"), fresh_etcd() as etcd, sharing(bench, bench.ours, etcd, "1G") as owner:
        begin = time.monotonic()
        known = bench.client("publish_many", socket=str(owner.socket), count=count)["id"]
        results.add("publish", "ours", count / (time.monotonic() - begin))
        for _ in range(bench.options.repeats):
            _start(bench, etcd, known, results)
    yield results.line("start", f"start with {count:,} objects", "s", Budget(3, at_least=False))
    yield results.line("private", "… resident then, without stored bytes", "MB", Budget(150, at_least=False))
    yield results.line("idle", "… CPU of the store that watches and does nothing", "%")
    yield results.line("publish", "create and persist, 64 connections", "per s")


def _start(bench: Bench, etcd: Any, known: int, results: Results) -> None:
    daemon = start(bench, bench.ours, etcd)
    try:
        connection = WireConnection(str(daemon.socket), daemon.wait_accepting())
        results.add("start", "ours", time.monotonic() - daemon.spawned)
        if not connection.call(request("exists", known))["exists"]:
            raise LookupError("the started store does not know what is published")
        time.sleep(IDLE_SECONDS)
        before = daemon.cpu_nanoseconds()
        time.sleep(IDLE_SECONDS)
        results.add("idle", "ours", (daemon.cpu_nanoseconds() - before) / IDLE_SECONDS / 1e7)
        results.add("private", "ours", procfs.private_megabytes(daemon.pid))
        connection.close()
    finally:
        daemon.stop()
