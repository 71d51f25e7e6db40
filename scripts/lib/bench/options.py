"""Command line and environment."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

DESCRIPTION = """\
Measures our vineyardd beside the PyPI one in one run, with the same unmodified Python
client, and prints each store row of the budgets table: both figures, the ratio, the
budget, met or not met. The exit status is 0 whether or not the budgets are met.
"""

ENVIRONMENT = """\
environment:
  PYTHON               interpreter that has vineyard==0.24.2
  VINEYARDD_OURS       words that start our daemon (.build/release/vineyardctl vineyardd)
  VINEYARDD_REFERENCE  words that start the reference (vineyardd of the installed wheel)
  WIRE_LOAD            load generator (.build/release/wire-load, else the one in Python)
"""


@dataclass(frozen=True)
class Options:
    """What the run shall do; sizes in bytes, times in seconds."""

    ours: tuple[str, ...]
    reference: tuple[str, ...]
    wire_load: Path
    repeats: int
    quick: bool
    only: tuple[str, ...]
    json: bool
    warm_host: bool

    @property
    def operations(self) -> int:
        """Calls per timed loop of the small operations."""
        return 300 if self.quick else 2000

    @property
    def load_seconds(self) -> float:
        """Length of one raw protocol load."""
        return 0.5 if self.quick else 2.0

    @property
    def growth_blobs(self) -> int:
        """Blobs created and deleted to see whether the daemon grows."""
        return 100_000 if self.quick else 1_000_000


def parse(arguments: Sequence[str], rows: Sequence[str]) -> Options:
    """Options from the command line; `rows` are the valid values of `--only`."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, metavar="N", help="figures are medians of N (default 5, with --quick 3)")
    parser.add_argument(
        "--quick", action="store_true", help="fewer sizes, shorter loops, 100,000 blobs instead of a million"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=rows,
        metavar="ROW",
        help="only this row (repeatable): " + ", ".join(rows),
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--cold",
        action="store_true",
        help="take memory as the host gives it (default: touch as much just "
        "before each first put, so that both daemons find it backed)",
    )
    found = parser.parse_args(arguments)
    if found.repeats is not None and found.repeats < 1:
        parser.error("--repeats must be at least 1")
    return Options(
        ours=_words("VINEYARDD_OURS") or (str(ROOT / ".build/release/vineyardctl"), "vineyardd"),
        reference=_words("VINEYARDD_REFERENCE") or (str(wheel_directory() / "vineyardd"),),
        wire_load=Path(os.environ.get("WIRE_LOAD") or ROOT / ".build/release/wire-load"),
        repeats=found.repeats or (3 if found.quick else 5),
        quick=found.quick,
        only=tuple(found.only),
        json=found.json,
        warm_host=not found.cold,
    )


def wheel_directory() -> Path:
    """`vineyard/bdist` of the installed wheel, found without importing the package."""
    package = importlib.util.find_spec("vineyard")
    if package is None or package.origin is None:
        raise SystemExit("✗ this python has no vineyard==0.24.2; install it or set PYTHON")
    return Path(package.origin).parent / "bdist"


def _words(name: str) -> tuple[str, ...]:
    return tuple(shlex.split(os.environ.get(name, "")))
