"""Runs read from logs: of `argo logs`, of `kubectl logs`, or of steps that ran in a terminal."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .pipeline import Round, median_round
from .progress import QuickstartError
from .stages import DROP_PHRASE, IMPORT_PHRASE, PHRASES, SIZE_PHRASE, Stage, parse_log, stage_from_log

TABLE_PHRASE, ERROR_PHRASE = "dataframe size", "model error"
STEPS = ("preprocess", "train", "test")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The pod's name, as argo and `kubectl logs --prefix` put it before a line.
PREFIX = re.compile(r"(?:\[(?P<path>pod/\S+)\] |(?P<pod>[a-z0-9][a-z0-9.-]*): )")
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)(?: |$)")


@dataclass(frozen=True)
class LoggedRound(Round):
    """A round whose steps ran in pods."""

    workflow: float = 0.0  # seconds from the first line of the first step to the last of the last; 0 without times


@dataclass(frozen=True)
class LoggedRun:
    """One run of a pipeline. Sizes in bytes; what the log does not tell is None."""

    source: str
    round: LoggedRound
    table_bytes: int | None
    model_error: str | None


@dataclass
class _Line:
    pod: str
    time: float | None
    text: str


def _line(raw: str) -> _Line:
    """Take a line apart: colours away, then the pod, then the time, then the text."""
    text, pod, time = COLOUR.sub("", raw.rstrip("\r\n")), "", None
    if prefix := PREFIX.match(text):
        pod, text = prefix["path"] or prefix["pod"], text[prefix.end() :]
    if stamp := TIMESTAMP.match(text):
        moment = datetime.fromisoformat(stamp[1] + stamp[3].replace("Z", "+00:00"))
        time, text = moment.timestamp() + float(stamp[2] or 0), text[stamp.end() :]
    return _Line(pod, time, text)


def read_run(path: Path) -> LoggedRun:
    """Read one run from a file, or from the files of a directory; raise QuickstartError if a step is not in it."""
    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        texts = [(str(each), each.read_text(encoding="utf-8", errors="replace")) for each in files]
    except OSError as error:
        raise QuickstartError(f"cannot read {path}: {error.strerror}", "give the log of a run") from error
    lines: dict[str, list[_Line]] = {}
    for name, text in texts:
        for raw in text.splitlines():
            line = _line(raw)
            lines.setdefault(f"{name} {line.pod}", []).append(line)
    return _run(str(path), list(lines.values()))


def _run(source: str, pods: list[list[_Line]]) -> LoggedRun:
    """Put a run together from the lines of its pods, each pod's in their order; a pod has any number of steps."""
    stages: dict[str, Stage] = {}
    for pod in pods:
        pending: list[_Line] = []
        for line in pod:
            pending.append(line)
            name = next((step for step in STEPS if line.text.startswith(f"{PHRASES[step][0]}: ")), None)
            if name in stages:
                raise QuickstartError(f"{source} has the step {name} twice", "give each run a file of its own")
            if name:
                stages[name] = _stage(name, pending)
                pending = []
    lines = [line for pod in pods for line in pod]
    missing = [step for step in STEPS if step not in stages]
    if missing:
        phrase = PHRASES[missing[0]][0]
        raise QuickstartError(f"{source} has no line {phrase!r}", "was the run finished, and is the log complete?")
    values = parse_log([line.text for line in lines])
    told = {phrase: int(values[phrase]) for phrase in (TABLE_PHRASE, SIZE_PHRASE) if phrase in values}
    errors = [line.text.partition(": ")[2] for line in lines if line.text.startswith(f"{ERROR_PHRASE}: ")]
    ordered = tuple(replace(stages[step], handed_over=told.get(SIZE_PHRASE, 0)) for step in STEPS)
    times = [line.time for line in lines if line.time is not None]
    workflow = max(times) - min(times) if times and len(times) == len(lines) else 0.0
    error = errors[-1] if errors else None
    return LoggedRun(
        source=source,
        round=LoggedRound(ordered, error or "nan", workflow=workflow),
        table_bytes=told.get(TABLE_PHRASE),
        model_error=error,
    )


def _stage(name: str, lines: list[_Line]) -> Stage:
    """Return a step; without times in the log it is taken to last as long as what it measured itself."""
    values = parse_log([line.text for line in lines])
    own = sum(values.get(phrase, 0.0) for phrase in (PHRASES[name][0], IMPORT_PHRASE, DROP_PHRASE))
    times = [line.time for line in lines if line.time is not None]
    elapsed = max(own, max(times) - min(times)) if len(times) == len(lines) else own
    return stage_from_log(name, values, elapsed, peak_memory=0, page_faults=0)


def median_run(runs: list[LoggedRun]) -> LoggedRun:
    """Return the run with the (lower) median execution time."""
    chosen = median_round([run.round for run in runs])
    return next(run for run in runs if run.round is chosen)
