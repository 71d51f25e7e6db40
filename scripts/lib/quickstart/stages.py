"""Runs one stage as a process of its own and reads the times it logs."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from . import children
from .progress import QuickstartError

# Stage -> log phrases of its total, reading and writing time (seconds).
PHRASES: dict[str, tuple[str, str, str]] = {
    "prepare-data": ("preparing data time", "", "dataframe to_pickle time"),
    "preprocess": ("Preprocessing data time", "read dataframe pickle time", "write training and testing data time"),
    "train": ("Training model data time", "read x_train and y_train data time", ""),
    "test": ("Testing model data time", "read x_test and y_test execution time", ""),
}
DROP_PHRASE = "drop page cache time"
FLUSH_PHRASE = "flush pickles time"
IMPORT_PHRASE = "import vineyard time"
SIZE_PHRASE = "training and testing data size"


@dataclass(frozen=True)
class Stage:
    """One finished stage. Times in seconds, memory in bytes."""

    name: str
    duration: float  # of the process, without dropping the page cache
    execution: float
    reading: float
    writing: float
    flushing: float  # part of writing
    importing: float  # the Vineyard client
    peak_memory: int
    page_faults: int
    handed_over: int  # bytes handed to later stages

    @property
    def starting(self) -> float:
        """Interpreter start, imports other than the Vineyard client, and exit."""
        return max(0.0, self.duration - self.execution - self.importing)

    @property
    def computing(self) -> float:
        """What is neither reading nor writing."""
        return max(0.0, self.execution - self.reading - self.writing)


def parse_log(lines: list[str]) -> dict[str, float]:
    """Return the numbers of all lines `phrase: number`."""
    values = {}
    for line in lines:
        phrase, separator, number = line.rpartition(": ")
        if separator:
            try:
                values[phrase] = float(number)
            except ValueError:
                continue
    return values


def run(python: str, name: str, directory: Path, arguments: list[str], timeout: float) -> Stage:
    """Run `directory`/`name`.py with an interpreter; raise QuickstartError with the end of its output if it fails.

    A stage that takes longer than `timeout` seconds is ended.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("VINEYARD", "PYTHON"))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    start = time.monotonic()
    process = children.start(
        [python, str(directory / f"{name}.py"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
    )  # fmt: skip
    watchdog = threading.Timer(timeout, process.send_signal, [signal.SIGKILL])
    watchdog.start()
    try:
        lines = process.stdout.read().splitlines() if process.stdout else []
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        watchdog.cancel()
        children.stop(process)
        if process.stdout:
            process.stdout.close()
    elapsed = time.monotonic() - start
    if process.returncode != 0:
        late = f", ended after {timeout:.0f} s" if elapsed >= timeout else ""
        raise QuickstartError(f"stage {name} failed, exit status {process.returncode}{late}", log=lines[-12:])
    return stage_from_log(name, parse_log(lines), elapsed, usage.ru_maxrss * 1024, usage.ru_minflt)


def stage_from_log(name: str, values: dict[str, float], elapsed: float, peak_memory: int, page_faults: int) -> Stage:
    """Put a stage together from what it logged and what the kernel counted."""
    total, reading, writing = PHRASES[name]
    missing = [phrase for phrase in (total, reading, writing) if phrase and phrase not in values]
    if missing:
        raise QuickstartError(f"stage {name} did not log {missing[0]!r}")
    return Stage(
        name=name,
        duration=elapsed - values.get(DROP_PHRASE, 0.0),
        execution=values[total],
        reading=values.get(reading, 0.0),
        writing=values.get(writing, 0.0),
        flushing=values.get(FLUSH_PHRASE, 0.0),
        importing=values.get(IMPORT_PHRASE, 0.0),
        peak_memory=peak_memory,
        page_faults=page_faults,
        handed_over=int(values.get(SIZE_PHRASE, 0)),
    )
