"""The Vineyard store of one round: started and warm before the round, in a private directory, stopped at the end."""

import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from . import children
from .progress import QuickstartError

START_TIMEOUT_SECONDS = 60
WARM_TIMEOUT_SECONDS = 30  # then the round begins with what there is
SETTLED_SECONDS = 0.5  # memory that has not grown for so long is all there will be
MIB = 1 << 20
NOISE_BYTES = 4 * MIB  # what other programs may take of shared memory meanwhile
ALONE = ("--meta", "local", "--norpc")  # flags of a store that shares nothing
# The line in which our daemon says what its memory is made of.
PAGES_LINE = re.compile(r"shared memory: \d+ MiB in ([^,\n]+)")


def size_for(data_bytes: int) -> int:
    """Return the smallest store in bytes for this much data: room for alignment and metadata, whole MiB."""
    return -(-(data_bytes * 5 // 4) // MIB) * MIB + 256 * MIB


def usual_size(data_bytes: int, available: int) -> int:
    """Return the size in bytes of a store as clusters have them, whole MiB.

    It has four times the data, so that its warm reserve, a quarter of it, is about what one pipeline hands over; but
    no more than half of the available memory, unless the data needs it. Pages are taken when they are used.
    """
    return max(size_for(data_bytes), min(4 * data_bytes, available // 2) // MIB * MIB)


def shared_memory() -> int:
    """Return the bytes of the machine's shared memory that have pages.

    Not those of the daemon: memory that it has and has not mapped yet is counted nowhere else.
    """
    kib = dict(re.findall(r"^(\w+):\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE))
    used_huge = int(kib.get("HugePages_Total", 0)) - int(kib.get("HugePages_Free", 0))
    return (int(kib["Shmem"]) + used_huge * int(kib.get("Hugepagesize", 0))) << 10


class Store:
    """A daemon on `directory`/vineyard.sock, the place where vineyard.csi looks for it."""

    def __init__(self, command: str, directory: Path, size: int, flags: Sequence[str] = ALONE) -> None:
        self.directory = directory
        self.socket = directory / "vineyard.sock"
        self.log = directory.with_name(f"{directory.name}.log")
        self.command = [
            *shlex.split(command), *flags, "--size", f"{size // MIB}M", "--socket", str(self.socket),
        ]  # fmt: skip
        self.start_seconds = 0.0  # until it accepts connections
        self.warm_seconds = 0.0  # until it has the pages of its warm reserve
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Store":
        self.directory.mkdir()
        start = time.monotonic()
        try:
            with open(self.log, "wb") as log:
                # glog writes its files to TMPDIR; other stores of this machine find it at the name.
                environment = {**os.environ, "TMPDIR": str(self.directory.parent), "MY_HOST_NAME": "127.0.0.1"}
                self._process = children.start(self.command, stdout=log, stderr=log, env=environment)
        except OSError as error:
            raise QuickstartError(
                f"cannot run the store: {error.strerror}: {self.command[0]}", "check VINEYARDD"
            ) from error
        try:
            self._wait(start + START_TIMEOUT_SECONDS)
            self.start_seconds = time.monotonic() - start
            self.warm_seconds = self._wait_until_warm(time.monotonic() + WARM_TIMEOUT_SECONDS) - start
        except BaseException:
            children.stop(self._process)
            raise
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

    def _wait_until_warm(self, deadline: float) -> float:
        """Wait until shared memory grows no more; return when it grew last (monotonic, seconds)."""
        size, last_growth = shared_memory(), time.monotonic()
        while (now := time.monotonic()) < min(deadline, last_growth + SETTLED_SECONDS):
            time.sleep(0.02)
            if shared_memory() > size + NOISE_BYTES:
                size, last_growth = shared_memory(), now
        return last_growth

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
