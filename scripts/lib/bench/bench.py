"""The bench: starts daemons, alternates between them, runs client processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.daemon import Daemon, MeasurementError, Side
from bench.options import Options
from bench.resources import Resources

CLIENT_SECONDS = 180.0


@dataclass(frozen=True)
class Interpreter:
    """A Python, a directory of packages that it takes before its own, and one for what it compiles of them."""

    program: str
    packages: str = ""
    compiled: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What its processes inherit."""
        environment = dict(os.environ)
        if self.packages:
            environment["PYTHONPATH"] = os.pathsep.join((self.packages, environment["PYTHONPATH"]))
        if self.compiled:
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            environment["PYTHONPYCACHEPREFIX"] = self.compiled
        return environment


class Bench:
    """What every row needs."""

    def __init__(self, options: Options, resources: Resources) -> None:
        self.options = options
        self.resources = resources
        self.ours = Side("ours", options.ours)
        self.reference = Side("reference", options.reference)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both daemons."""
        return self.ours, self.reference

    def alternate(self, *choices: Any, repeats: int | None = None) -> Iterator[Any]:
        """Each choice once per repeat, in an order that turns around each time."""
        for repeat in range(repeats or self.options.repeats):
            yield from choices if repeat % 2 == 0 else reversed(choices)

    @contextmanager
    def daemon(self, side: Side, **arguments: Any) -> Iterator[Daemon]:
        """A ready daemon for the length of a block; arguments as of `Daemon`."""
        daemon = Daemon(side, self.resources, **arguments)
        try:
            daemon.wait_ready()
            try:
                yield daemon
            except Exception as error:
                daemon.raise_if_dead(error)
                raise
        finally:
            daemon.stop()

    def client(self, workload: str, interpreter: Interpreter | None = None, **parameters: Any) -> dict[str, Any]:
        """Run `bench.workload.<workload>` in a fresh process; returns what it reports."""
        interpreter = interpreter or Interpreter(sys.executable)
        process = self.resources.adopt(
            subprocess.Popen(
                [interpreter.program, "-m", f"bench.workload.{workload}", json.dumps(parameters)],
                env=interpreter.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        )
        try:
            out, error = process.communicate(timeout=CLIENT_SECONDS)
        except subprocess.TimeoutExpired:
            raise MeasurementError(f"client {workload} hangs") from None
        finally:
            self.resources.stop(process)
        if process.returncode != 0:
            words = error.decode(errors="replace").strip().splitlines() or ["no message"]
            raise MeasurementError(f"client {workload} failed: {words[-1][:200]}")
        report: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
        return report


class Progress:
    """Tells on stderr what is being measured and for how long."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def start(self, text: str) -> None:
        """A new row begins."""
        print(f"◎ {time.monotonic() - self._begin:5.0f} s  {text}", file=sys.stderr, flush=True)
