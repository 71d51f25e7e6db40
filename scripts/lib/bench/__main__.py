"""Entry: measure the chosen rows and print them."""

from __future__ import annotations

import os
import shutil
import sys

from bench import machine, report
from bench.bench import Bench, Progress
from bench.options import parse
from bench.resources import Resources
from bench.results import Line
from bench.rows import ROWS


def main() -> int:
    """0 whatever the budgets say; 2 when a daemon cannot be found."""
    options = parse(sys.argv[1:], list(ROWS))
    for program in (options.ours[0], options.reference[0]):
        if shutil.which(program) is None:
            print(f"✗ no executable {program}; build it, or set VINEYARDD_OURS / VINEYARDD_REFERENCE", file=sys.stderr)
            return 2
    os.environ["VINEYARD_IPC_SKIP_RETRY"] = "1"
    facts = machine.describe()
    if os.getloadavg()[0] > 0.5:
        print(f"⚠ load {facts['load']}: something else runs, the figures are noisy", file=sys.stderr)
    bench, progress = Bench(options, Resources()), Progress()
    lines: list[Line] = []
    for name, measure in ROWS.items():
        if not options.only or name in options.only:
            progress.start(name)
            lines += measure(bench)
    print((report.as_json if options.json else report.text)(lines, facts, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
