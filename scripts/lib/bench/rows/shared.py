"""Rows: what it costs to share metadata through etcd; a store each, with an etcd on loopback."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.bench import Bench
from bench.daemon import Daemon, MeasurementError, Side
from bench.results import Budget, Line, Results
from bench.rows.etcd_pair import fresh_etcd, sharing

NAMED = {1: 4.0, 8: 15.0}
NO_SLOWER = Budget(1, at_least=True, tolerance=0.05)
LEASE_LIMIT = 5.0
PATIENCE_SECONDS = 60.0


def measure(bench: Bench) -> Iterator[Line]:
    """Named puts of 1 and 8 clients, own objects beside --meta local, and the death of a peer."""
    results = Results("Shared metadata")
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name):
            _named(bench, side, results)
            _own(bench, side, results)
    for _ in range(bench.options.repeats):
        with results.guard(bench.ours.name):
            results.add("death", "ours", _death(bench))
    for clients, times in NAMED.items():
        what = f"put, persist, name, 1 KiB, {clients} client{'s' if clients > 1 else ''}"
        yield results.line(f"named {clients}", what, "per s", Budget(times, at_least=True, of_ratio=True))
    yield results.line("put", "put, etcd on ÷ --meta local", "×", NO_SLOWER)
    yield results.line("get", "get by id, etcd on ÷ --meta local", "×", NO_SLOWER)
    yield results.line("csi.read", "csi.read, etcd on − --meta local", "ms", Budget(2, at_least=False))
    yield results.line(
        "death",
        "a killed peer counts as unreachable after",
        "s",
        Budget(LEASE_LIMIT, at_least=False),
        note="the original: 30 s",
    )


def _named(bench: Bench, side: Side, results: Results) -> None:
    with fresh_etcd() as etcd, sharing(bench, side, etcd, "1G") as daemon:
        for clients in NAMED:
            meeting = bench.resources.new_directory("meeting")
            with ThreadPoolExecutor(clients) as pool:
                calls = [
                    pool.submit(
                        bench.client,
                        "named",
                        socket=str(daemon.socket),
                        meeting=str(meeting),
                        label=f"{clients}-{index}",
                        seconds=bench.options.load_seconds,
                    )
                    for index in range(clients)
                ]
                _wait(
                    lambda: any(call.done() for call in calls) or len(list(meeting.iterdir())) == clients,
                    "all clients have come",
                )
                (meeting / "go").touch()
                results.add(f"named {clients}", side.name, sum(call.result()["rate"] for call in calls))


def _own(bench: Bench, side: Side, results: Results) -> None:
    operations = bench.options.operations // 4

    def run(daemon: Daemon) -> dict[str, float]:
        return bench.client("own", directory=str(daemon.directory), operations=operations)

    with bench.daemon(side, size="1G") as daemon:
        local = run(daemon)
    with fresh_etcd() as etcd, sharing(bench, side, etcd, "1G") as daemon:
        shared = run(daemon)
    for operation in ("put", "get"):
        results.add(operation, side.name, local[operation] / shared[operation])
    results.add("csi.read", side.name, (shared["csi.read"] - local["csi.read"]) * 1e3)


def _death(bench: Bench) -> float:
    """Seconds from SIGKILL until another store takes the killed one for unreachable."""
    with (
        fresh_etcd() as etcd,
        sharing(bench, bench.ours, etcd, "256M") as watcher,
        sharing(bench, bench.ours, etcd, "256M") as victim,
    ):
        _wait(lambda: _states(watcher).get("reachable") == 2, "both stores know each other")
        begin = time.monotonic()
        victim.process.kill()
        _wait(lambda: _states(watcher).get("unreachable") == 1, "the killed store is unreachable")
        return time.monotonic() - begin


def _states(daemon: Daemon) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.metrics_port}/metrics", timeout=5) as page:
        lines = [line for line in page.read().decode().splitlines() if line.startswith("vineyard_instances{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise MeasurementError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")
        time.sleep(0.01)
