"""Row: how long `vineyardctl --help` takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

from bench.bench import Bench
from bench.daemon import MeasurementError
from bench.options import wheel_directory
from bench.results import Budget, Line, Results

RUNS = 15


def measure(bench: Bench) -> Iterator[Line]:
    """Spawn to exit."""
    results = Results("Command line")
    programs = {"ours": bench.options.ours[0], "reference": str(wheel_directory() / "vineyardctl")}
    for side in bench.alternate(*programs, repeats=max(RUNS, bench.options.repeats)):
        with results.guard(side):
            results.add("help", side, _seconds(programs[side]) * 1e3)
    yield results.line("help", "vineyardctl --help", "ms", Budget(20, at_least=False))


def _seconds(program: str) -> float:
    begin = time.perf_counter()
    try:
        subprocess.run(
            [program, "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MeasurementError(f"{program} --help: {error}") from error
    return time.perf_counter() - begin
