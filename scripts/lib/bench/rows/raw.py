"""Row: raw protocol rates with several connections, and server CPU per message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.daemon import Daemon, MeasurementError
from bench.results import Budget, Line, Results

REQUESTS = ("exists", "get_data")
CONNECTIONS = (1, 2, 8)
BUDGET_CONNECTIONS = 8


def measure(bench: Bench) -> Iterator[Line]:
    """One daemon per side and repeat takes all loads."""
    results = Results("Raw protocol")
    words, name = _generator(bench.options.wire_load)
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name), bench.daemon(side, size="1G") as daemon:
            for request in REQUESTS:
                for connections in CONNECTIONS:
                    _load(bench, words, daemon, request, connections, results)
    for request in REQUESTS:
        for connections in CONNECTIONS:
            what, figure = f"{request}, {connections} conn.", f"{request} {connections}"
            budgeted = connections == BUDGET_CONNECTIONS
            yield results.line(
                figure,
                what,
                "per s",
                Budget(2.5, at_least=True, of_ratio=True) if budgeted else None,
                note=f"load by {name}" if figure == "exists 1" else "",
            )
            yield results.line(
                f"cpu {figure}", f"{what}, server CPU", "µs", Budget(10, at_least=False) if budgeted else None
            )


def _generator(built: Path) -> tuple[list[str], str]:
    if built.exists():
        return [str(built)], built.name
    return [sys.executable, "-m", "bench.load"], "Python, slower than the daemons"


def _load(bench: Bench, words: list[str], daemon: Daemon, request: str, connections: int, results: Results) -> None:
    seconds = bench.options.load_seconds
    before = daemon.cpu_nanoseconds()
    process = bench.resources.adopt(
        subprocess.Popen(
            [
                *words,
                "--socket",
                str(daemon.socket),
                "--request",
                request,
                "--connections",
                str(connections),
                "--seconds",
                str(seconds),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        out, error = process.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"the load generator hangs in {request}") from None
    finally:
        bench.resources.stop(process)
    if process.returncode != 0:
        raise MeasurementError(f"the load generator failed: {error.decode()[-200:].strip()}")
    used = daemon.cpu_nanoseconds() - before
    report = json.loads(out.decode().strip().splitlines()[-1])
    figure, side = f"{request} {connections}", daemon.side.name
    results.add(figure, side, report["messages"] / report["seconds"])
    results.add(f"cpu {figure}", side, used / 1e3 / report["messages"])
