"""The program as a user runs it, against a cluster."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 120


def program() -> str:
    """The binary under test, from VINEYARDCTL."""
    path = os.environ.get("VINEYARDCTL")
    if not path:
        pytest.fail("set VINEYARDCTL to the program, or run scripts/test --kubernetes")
    return path


@dataclass(frozen=True)
class Run:
    """What a finished command left behind."""

    status: int
    output: str
    story: str

    @property
    def lines(self) -> list[str]:
        """The story line by line."""
        return self.story.splitlines()

    @property
    def error(self) -> str:
        """The one line that says why it failed."""
        found = [line for line in self.lines if line.startswith("error: ")]
        assert len(found) == 1, self.story
        return found[0]


class CommandLine:
    """Runs vineyardctl with one kubeconfig and nothing of the tester's own environment."""

    def __init__(self, kubeconfig: Path | None, home: Path) -> None:
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        if kubeconfig is not None:
            self._environment["KUBECONFIG"] = str(kubeconfig)

    def __call__(self, *arguments: str, status: int = 0, stdin: str = "", **environment: str) -> Run:
        """Run to the end; `status` is the exit status it must have."""
        run = self.run(*arguments, stdin=stdin, **environment)
        assert run.status == status, f"exit status {run.status}\n{run.story}\n{run.output}"
        return run

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Run:
        """Run to the end, however that is."""
        done = subprocess.run(
            [program(), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**self._environment, **environment},
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start without waiting; the caller ends it."""
        return subprocess.Popen(
            [program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Run:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    output, story = process.communicate(timeout=PATIENCE)
    return Run(process.returncode, output, story)


def names(objects: Sequence[dict]) -> list[str]:
    """`Kind name` of each object."""
    return [f"{obj['kind']} {obj['metadata']['name']}" for obj in objects]
