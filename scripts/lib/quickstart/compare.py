"""The tutorial's tables from the logs of runs; the command line of examples/kubeflow/compare."""

import argparse
import sys
from pathlib import Path

from . import logs, report, tables
from .logs import LoggedRun
from .progress import QuickstartError, report_failure, say

# Title -> attribute of a round.
DURATION: dict[str, str] = {"Workflow duration": "workflow"}
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


def _choose(args: argparse.Namespace) -> dict[str, tuple[LoggedRun, LoggedRun]]:
    """Return the median run without and with Vineyard of each data scale, the smallest first, all with equal results."""
    without, with_vineyard = _by_scale(args.without), _by_scale(args.with_vineyard)
    alone = without.keys() ^ with_vineyard.keys()
    if alone:
        scale = sorted(alone)[0]
        missing = "with" if scale in without else "without"
        raise QuickstartError(f"there is no run {missing} vineyard of {scale}", "each scale needs both")
    scales = sorted(without, key=lambda scale: without[scale][0].round.handed_over)
    for scale in scales:
        errors = {run.model_error for run in without[scale] + with_vineyard[scale]} - {None}
        if len(errors) > 1:
            raise QuickstartError(
                f"the model errors of {scale} differ: {', '.join(sorted(map(str, errors)))}",
                "the data was not handed over intact, or the runs had other tables",
            )
    return {scale: (logs.median_run(without[scale]), logs.median_run(with_vineyard[scale])) for scale in scales}


def compare(args: argparse.Namespace) -> None:
    """Print the tables; write the report if asked to."""
    chosen = _choose(args)
    rounds = {scale: (one.round, other.round) for scale, (one, other) in chosen.items()}
    if all(each.workflow for pair in rounds.values() for each in pair):
        measures = DURATION | MEASURES
    else:
        measures = MEASURES
        say("◎", "no table of durations: there are logs without times (argo logs --timestamps)")
    found = []
    for title, attribute in measures.items():
        rows = [(scale, [getattr(each, attribute) for each in pair]) for scale, pair in rounds.items()]
        found.append(tables.table(title, rows, tables.headings("data scale", tables.TWO_WAYS)))
    print("\n\n".join(found), flush=True)
    if args.html:
        _write(args.html, chosen, measures)


def _write(path: Path, chosen: dict[str, tuple[LoggedRun, LoggedRun]], measures: dict[str, str]) -> None:
    """Write the report of the quickstart, as far as logs tell what is in it."""
    scales = [
        (scale, report.Ways(table_bytes=one.table_bytes or 0, pickles=one.round, vineyard=other.round))
        for scale, (one, other) in chosen.items()
    ]
    facts = {f"{scale}, {way}": run.source for scale, runs in chosen.items()
             for way, run in zip(("without vineyard", "with vineyard"), runs)}  # fmt: skip
    report.write_atomically(path, report.page_of_logs(scales, measures, facts, "examples/kubeflow/compare"))
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
