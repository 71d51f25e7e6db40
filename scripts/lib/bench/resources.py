"""Everything that must not outlive the run: child processes and directories."""

from __future__ import annotations

import atexit
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

STOP_SECONDS = 5.0


class Resources:
    """Owns child processes and one temporary directory, until `close`.

    Closing happens at any exit of the interpreter; SIGTERM, SIGHUP and Ctrl-C
    are turned into one.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="vineyard-bench-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._directories = 0
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, _exit_on_signal)

    def new_directory(self, name: str) -> Path:
        """A new empty directory; short, because socket paths end at 107 bytes."""
        self._directories += 1
        path = self.directory / f"{self._directories}-{name}"
        path.mkdir()
        return path

    def adopt(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Stop `process` at exit if nobody did before."""
        self._processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """SIGTERM, and SIGKILL for a process that is still there after 5 s."""
        if process in self._processes:
            self._processes.remove(process)
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Stop what still runs and remove the temporary directory."""
        for process in list(self._processes):
            self.stop(process)
        shutil.rmtree(self.directory, ignore_errors=True)


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    print(f"✗ stopped by {signal.Signals(number).name}", file=sys.stderr)
    sys.exit(128 + number)
