"""Row: NodePublishVolume with 1, 100 and 1000 volumes published on the node."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from bench.bench import Bench
from bench.options import wheel_directory
from bench.results import Budget, Line, Results

LEVELS = [1, 100, 1000]
REPEATS = 3


def measure(bench: Bench) -> Iterator[Line]:
    """Time of a call from its client; the store of both drivers is ours."""
    results = Results("CSI")
    # The reference only looks whether there is a file; ours makes sure that the store serves the volume.
    note = "the reference does not connect to the store"
    if os.geteuid() != 0:
        yield Line("CSI", "NodePublishVolume", "", note="not measured: mounting needs root")
        return
    programs = {"ours": bench.options.ours[0], "reference": str(wheel_directory() / "vineyardctl")}
    for side in bench.alternate(*programs, repeats=min(REPEATS, bench.options.repeats)):
        with results.guard(side):
            figures = bench.client(
                "publish",
                driver=shlex.join([programs[side], "csi"]),
                store=shlex.join(bench.options.ours),
                levels=LEVELS,
                samples=100 if bench.options.quick else 400,
            )
            for level, quantiles in figures.items():
                for quantile, milliseconds in quantiles.items():
                    results.add(f"{level} {quantile}", side, milliseconds)
    for level in LEVELS:
        for quantile in ("p50", "p99"):
            budget = Budget(5, at_least=False) if (level, quantile) == (1000, "p50") else None
            volumes = "volume" if level == 1 else "volumes"
            yield results.line(
                f"{level} {quantile}", f"NodePublishVolume {quantile}, {level} {volumes}", "ms", budget, note=note
            )
