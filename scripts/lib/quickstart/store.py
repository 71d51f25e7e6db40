"""The Vineyard store of one round: started in a private directory, stopped at the end."""

import os
import re
import shlex
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from . import children
from .progress import QuickstartError

START_TIMEOUT_SECONDS = 60
MIB = 1 << 20
# The line in which our daemon says what its memory is made of.
PAGES_LINE = re.compile(r"shared memory: \d+ MiB in ([^,\n]+)")


def size_for(data_bytes: int) -> int:
    """Return the store size in bytes for this much data: room for alignment and metadata, whole MiB."""
    return -(-(data_bytes * 5 // 4) // MIB) * MIB + 256 * MIB


class Store:
    """A daemon on `directory`/vineyard.sock, the place where vineyard.csi looks for it."""

    def __init__(self, command: str, directory: Path, size: int) -> None:
        self.directory = directory
        self.socket = directory / "vineyard.sock"
        self.log = directory.parent / "store.log"
        self.command = [
            *shlex.split(command), "--meta", "local", "--norpc", "--size", f"{size // MIB}M", "--socket", str(self.socket),
        ]  # fmt: skip
        self.start_seconds = 0.0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Store":
        self.directory.mkdir()
        start = time.monotonic()
        try:
            with open(self.log, "wb") as log:
                # glog writes its files to TMPDIR.
                environment = {**os.environ, "TMPDIR": str(self.directory.parent)}
                self._process = children.start(self.command, stdout=log, stderr=log, env=environment)
        except OSError as error:
            raise QuickstartError(
                f"cannot run the store: {error.strerror}: {self.command[0]}", "check VINEYARDD"
            ) from error
        try:
            self._wait(start + START_TIMEOUT_SECONDS)
        except BaseException:
            children.stop(self._process)
            raise
        self.start_seconds = time.monotonic() - start
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            children.stop(self._process)

    def last_log_lines(self, count: int = 8) -> list[str]:
        """Return the end of what the daemon printed."""
        return self.log.read_text(errors="replace").splitlines()[-count:]

    def page_kind(self) -> str:
        """Return the pages its memory is made of, as it says itself; empty when it does not."""
        found = PAGES_LINE.search(self.log.read_text(errors="replace"))
        return found[1] if found else ""

    def exit_status(self) -> int | None:
        """Return the daemon's exit status, or None while it runs."""
        return self._process.poll() if self._process else None

    def _wait(self, deadline: float) -> None:
        """Return once the socket accepts a connection."""
        while time.monotonic() < deadline:
            if self.exit_status() is not None:
                raise QuickstartError(
                    f"the store did not start, exit status {self.exit_status()}",
                    f"command line: {shlex.join(self.command)}",
                    self.last_log_lines(),
                )
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.socket))
                    return
                except OSError:
                    time.sleep(0.005)
        raise QuickstartError(
            f"the store did not accept connections within {START_TIMEOUT_SECONDS} s",
            f"command line: {shlex.join(self.command)}",
            self.last_log_lines(),
        )
