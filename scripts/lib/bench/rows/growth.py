"""Row: does a daemon grow while small blobs come and go?"""

from __future__ import annotations

from collections.abc import Iterator

from bench.bench import Bench
from bench.results import Line, Results


def measure(bench: Bench) -> Iterator[Line]:
    """One run per daemon: a million is long and the figure hardly varies."""
    results = Results("RSS growth")
    blobs = bench.options.growth_blobs
    for side in bench.alternate(*bench.sides, repeats=1):
        with results.guard(side.name), bench.daemon(side, size="1G") as daemon:
            report = bench.client("growth", socket=str(daemon.socket), pid=daemon.pid, blobs=blobs, warm_up=blobs // 10)
            for figure, value in report.items():
                results.add(figure, side.name, value)
    yield results.line(
        "resident",
        f"VmRSS over {blobs:,} put/delete",
        "MB",
        note=f"after a warm-up of {blobs // 10:,}; 100,000 per connection",
    )
    yield results.line("private", "… of it anonymous and files", "MB")
    yield results.line("closed", "… of that after the last connection closed", "MB")
