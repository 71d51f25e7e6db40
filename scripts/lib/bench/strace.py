"""Counts system calls of a running process."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.daemon import MeasurementError
from bench.procfs import is_traced
from bench.resources import Resources

ATTACH_SECONDS = 5.0


def count(resources: Resources, pid: int, work: Callable[[], None]) -> dict[str, int]:
    """Calls of each system call by all threads of `pid` while `work` runs."""
    program = shutil.which("strace")
    if program is None:
        raise MeasurementError("no strace: apt-get install strace")
    summary = resources.new_directory("strace") / "summary"
    process = resources.adopt(
        subprocess.Popen(
            [program, "-c", "-f", "-q", "-o", str(summary), "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        begin = time.monotonic()
        while not is_traced(pid):
            if process.poll() is not None or time.monotonic() - begin > ATTACH_SECONDS:
                raise MeasurementError(f"strace cannot attach to {pid}")
            time.sleep(0.01)
        work()
        process.send_signal(signal.SIGINT)
        process.wait(10)
    finally:
        resources.stop(process)
    return _parse(summary)


def _parse(summary: Path) -> dict[str, int]:
    """Lines are `% time, seconds, usecs/call, calls, [errors,] syscall`."""
    calls: dict[str, int] = {}
    for line in summary.read_text().splitlines():
        words = line.split()
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            calls[words[-1]] = int(words[3])
    return calls
