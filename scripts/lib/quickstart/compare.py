"""The tutorial's tables from the logs of runs; the command line of examples/kubeflow/compare."""

import argparse
import sys
from pathlib import Path

from . import logs, report, tables
from .logs import LoggedRun
from .progress import QuickstartError, report_failure, say

DURATION = "Workflow duration"
MEASURES: dict[str, str] = {
    "Actual execution time": "execution",
    "Writing time": "writing",
    "Reading time": "reading",
}
EXAMPLE = """A log is a file, or a directory with a file for each step. LABEL is the data scale to show; needed only for
logs of steps that do not tell it. Several runs of one scale: the one with the median execution time counts.

  argo logs -n kubeflow --no-color --timestamps @latest >with-400.log
  kubectl logs -n kubeflow -l workflows.argoproj.io/workflow=NAME -c main --prefix --timestamps --tail=-1 >with-400.log

Exit status: 0 done and model errors equal, 1 failed, 2 wrong usage.
"""


def _labelled(text: str) -> tuple[str | None, Path]:
    """Parse `LOG` or `LABEL=LOG`."""
    label, separator, path = text.rpartition("=")
    return (label, Path(path)) if separator and not Path(text).exists() else (None, Path(text))


def _by_scale(arguments: list[tuple[str | None, Path]]) -> dict[str, list[LoggedRun]]:
    """Read all runs, grouped by their data scale."""
    found: dict[str, list[LoggedRun]] = {}
    for label, path in arguments:
        run = logs.read_run(path)
        if not label and run.table_bytes is None:
            raise QuickstartError(f"{path} does not tell its data scale", f"say what to show for it: '14000 Mi={path}'")
        found.setdefault(label or tables.scale(run.table_bytes or 0), []).append(run)
    return found


def compare(args: argparse.Namespace) -> None:
    """Print the tables; write the report if asked to."""
    without, with_vineyard = _by_scale(args.without), _by_scale(args.with_vineyard)
    alone = without.keys() ^ with_vineyard.keys()
    if alone:
        scale = sorted(alone)[0]
        missing = "with" if scale in without else "without"
        raise QuickstartError(f"there is no run {missing} vineyard of {scale}", "each scale needs both")
    chosen = {scale: (logs.median_run(without[scale]), logs.median_run(with_vineyard[scale])) for scale in without}
    scales = sorted(chosen, key=lambda scale: chosen[scale][0].round.handed_over)
    for scale in scales:
        errors = {run.model_error for run in without[scale] + with_vineyard[scale]} - {None}
        if len(errors) > 1:
            raise QuickstartError(
                f"the model errors of {scale} differ: {', '.join(sorted(map(str, errors)))}",
                "the data was not handed over intact, or the runs had other tables",
            )
    print("\n\n".join(_tables(scales, chosen)), flush=True)
    if args.html:
        _write(args.html, scales, chosen)


def _tables(scales: list[str], chosen: dict[str, tuple[LoggedRun, LoggedRun]]) -> list[str]:
    """Return the tables; that of durations only if every log has times."""
    found = []
    durations = {scale: [run.duration for run in chosen[scale]] for scale in scales}
    if all(None not in pair for pair in durations.values()):
        found.append(tables.table(DURATION, [(scale, *map(float, durations[scale])) for scale in scales]))
    else:
        say("◎", "no table of durations: there are logs without times (argo logs --timestamps)")
    for title, attribute in MEASURES.items():
        rows = [(scale, *(getattr(run.round, attribute) for run in chosen[scale])) for scale in scales]
        found.append(tables.table(title, rows))
    return found


def _write(path: Path, scales: list[str], chosen: dict[str, tuple[LoggedRun, LoggedRun]]) -> None:
    pairs = [
        (scale, report.Pair(table_bytes=one.table_bytes or 0, pickles=one.round, vineyard=other.round))
        for scale, (one, other) in ((scale, chosen[scale]) for scale in scales)
    ]
    facts = {f"{scale}, {way}": run.source for scale in scales
             for way, run in zip(("without vineyard", "with vineyard"), chosen[scale])}  # fmt: skip
    report.write_atomically(path, report.page_of_logs(pairs, MEASURES, facts, "examples/kubeflow/compare"))
    say("✔", f"report: {path}")


def main() -> int:
    """Return the exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="compare", description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, target in (("--without", "without"), ("--with", "with_vineyard")):
        parser.add_argument(
            name, dest=target, metavar="[LABEL=]LOG", type=_labelled, nargs="+", required=True, action="extend",
            help=f"runs {name[2:]} Vineyard",
        )  # fmt: skip
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report of the quickstart")
    args = parser.parse_args()
    try:
        compare(args)
    except (QuickstartError, OSError) as error:
        return report_failure(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
