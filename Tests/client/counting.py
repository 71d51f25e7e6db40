"""Counts what a running daemon asks of the kernel and of malloc."""

import contextlib
import signal
import struct
import subprocess
from pathlib import Path

from waiting import PATIENCE, eventually

MALLOC_COUNTER = Path(__file__).resolve().parents[2] / "scripts/lib/bench/malloc_count.c"


@contextlib.contextmanager
def system_calls(pid, directory):
    """Counts each system call of all threads of a process; the dictionary is filled at the end of the block."""
    summary = directory / "strace"
    command = ["strace", "-c", "-f", "-qq", "-o", str(summary), "-p", str(pid)]
    counts = {}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as tracer:

        def is_attached():
            assert tracer.poll() is None, f"strace cannot attach: {tracer.stderr.read()}"
            return all(tracer_of(task) == tracer.pid for task in Path(f"/proc/{pid}/task").iterdir())

        try:
            eventually(is_attached, "strace has attached to every thread")
            yield counts
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(PATIENCE)
    # `% time, seconds, usecs/call, calls, [errors,] syscall`
    for words in map(str.split, summary.read_text().splitlines()):
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            counts[words[-1]] = int(words[3])


def tracer_of(task):
    """The process that traces a thread; 0 for none."""
    lines = (task / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("TracerPid:"))


class Allocations:
    """A library that counts a daemon's allocations when it is preloaded, and the file it counts into."""

    def __init__(self, directory):
        library, self._counts = directory / "malloc_count.so", directory / "allocations"
        self._counts.write_bytes(bytes(16))
        command = ["cc", "-O2", "-shared", "-fPIC", "-fno-builtin", "-o", str(library), str(MALLOC_COUNTER)]
        subprocess.run(command, check=True)
        self.environment = {"LD_PRELOAD": str(library), "BENCH_MALLOC_FILE": str(self._counts)}

    @property
    def count(self):
        """Calls of malloc, calloc, realloc and their kind so far."""
        (count,) = struct.unpack("<Q", self._counts.read_bytes()[:8])
        return count
