"""The two daemons: how each is called, started, waited for and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench import procfs
from bench.metrics import Populate, wait_until_populated
from bench.resources import Resources

START_SECONDS = 30.0
CONNECT_POLL_SECONDS = 0.0005


class MeasurementError(Exception):
    """A figure could not be taken; the message says why and is printed with the row."""


@dataclass(frozen=True)
class Side:
    """One daemon under test: a name and the words that start it."""

    name: str
    command: tuple[str, ...]

    @cached_property
    def _help(self) -> str:
        done = subprocess.run([*self.command, "--help"], capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    def supports(self, flag: str) -> bool:
        """Whether `--help` names the flag, with underscores or dashes."""
        return flag in self._help or flag.replace("_", "-") in self._help

    def flags(self, directory: Path, size: str, rpc_port: int | None = None) -> list[str]:
        """The flags both daemons share."""
        words = ["--meta", "local", "--size", size, "--socket", str(directory / "vineyard.sock")]
        words += ["--norpc"] if rpc_port is None else ["--rpc_socket_port", str(rpc_port)]
        if self.supports("log_dir"):
            words += ["--log_dir", str(directory)]
        return words


class Daemon:
    """A running daemon with its socket in a directory of its own."""

    def __init__(
        self,
        side: Side,
        resources: Resources,
        size: str = "4G",
        extra: list[str] | None = None,
        environment: dict[str, str] | None = None,
        metrics: bool = True,
        rpc: bool = False,
    ) -> None:
        self.side = side
        self.directory = resources.new_directory(side.name)
        self.socket = self.directory / "vineyard.sock"
        self.populate: Populate | None = None
        self._resources = resources
        self._port = _free_port() if metrics and side.supports("metrics_port") else None
        words = [*side.command, *side.flags(self.directory, size, _free_port() if rpc else None), *(extra or [])]
        if self._port is not None:
            words += ["--metrics_port", str(self._port)]
        with open(self.directory / "log", "wb") as log:
            self.spawned = time.monotonic()
            self.process = resources.adopt(
                subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                )
            )

    @property
    def pid(self) -> int:
        """Process id; the daemon is started without a shell in between."""
        return self.process.pid

    @property
    def metrics_port(self) -> int | None:
        """Port of `/metrics`, None when it is not served."""
        return self._port

    def wait_accepting(self) -> socket.socket:
        """Poll until the socket accepts; returns the first connection."""
        while time.monotonic() - self.spawned < START_SECONDS:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(self.socket))
                return connection
            except OSError:
                connection.close()
            if self.process.poll() is not None:
                raise MeasurementError(
                    f"{self.side.name} exited at start with {self.process.returncode}: {self._last_words()}"
                )
            time.sleep(CONNECT_POLL_SECONDS)
        raise MeasurementError(f"{self.side.name} does not accept after {START_SECONDS:.0f} s")

    def wait_ready(self) -> None:
        """Poll until the daemon accepts and, for ours, its warm reserve stands."""
        self.wait_accepting().close()
        if self._port is not None:
            self.populate = wait_until_populated(self._port)

    def cpu_nanoseconds(self) -> int:
        """CPU time the daemon has used so far, all threads."""
        return procfs.cpu_nanoseconds(self.pid)

    def raise_if_dead(self, cause: Exception) -> None:
        """Raise a better reason than `cause` when the daemon is gone."""
        if self.process.poll() is not None:
            status = self.process.returncode
            raise MeasurementError(f"{self.side.name} died with {status}: {self._last_words()}") from cause

    def stop(self) -> None:
        """Stop the process and wait for it."""
        self._resources.stop(self.process)

    def _last_words(self) -> str:
        lines = (self.directory / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "no log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
