"""Rows: deploying to and deleting from an API server whose pods are ready at once.

What remains is the time of the program and of its requests. The server is the double of
the tests, without schema validation; both programs talk to the same one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.daemon import MeasurementError
from bench.options import ROOT, wheel_directory
from bench.results import Budget, Line, Results

DOUBLE = ROOT / "Tests/kubernetes"
OUT_OF_SCOPE = {
    "3-node cluster: deploy / delete / csidriver": "≤ 25 / 20 / 20 s",
    "csi-sanity 5.4 pass / fail": "≥ 77 / 0",
}
STEPS = {
    "deploy": ("deploy", "vineyard-cluster", "--create-namespace"),
    "again": ("deploy", "vineyard-cluster", "--create-namespace"),
    "delete": ("delete", "vineyard-cluster"),
}


def measure(bench: Bench) -> Iterator[Line]:
    """A full deploy, the same again, and a delete; then lines without figures."""
    results = Results("Kubernetes")
    programs = {"ours": bench.options.ours[0], "reference": str(wheel_directory() / "vineyardctl")}
    for side in bench.alternate(*programs):
        with results.guard(side), tempfile.TemporaryDirectory() as directory:
            for step, seconds in _run(programs[side], side, Path(directory)).items():
                results.add(step, side, seconds * 1e3)
    partly = "of the reference: the operator alone"
    yield results.line(
        "deploy", "deploy vineyard-cluster, pods ready at once", "ms", Budget(700, at_least=False), note=partly
    )
    yield results.line("again", "the same again", "ms", note="the reference refuses to deploy twice")
    yield results.line("delete", "delete vineyard-cluster", "ms", Budget(1000, at_least=False), note=partly)
    for what, limit in OUT_OF_SCOPE.items():
        yield Line("Kubernetes and CSI", what, "", note=f"not measured yet; budget {limit}")


def _run(program: str, side: str, directory: Path) -> dict[str, float]:
    """Seconds of each step on a fresh double."""
    sys.path.insert(0, str(DOUBLE))
    from apiserver.double import Double  # the tests' own package, not of this one

    double = Double(directory, "--no-validate", "--pod-delay", "0", "--operator", program if side == "ours" else "true")
    try:
        steps = dict(STEPS)
        if side == "reference":
            # It fails when a cluster exists, and waits for an operator of its own that is not there.
            del steps["again"]
            steps["deploy"] = ("deploy", "operator", "--create-namespace")
            steps["delete"] = ("delete", "operator")
        return {step: _seconds(program, arguments, double.kubeconfig) for step, arguments in steps.items()}
    finally:
        double.stop()


def _seconds(program: str, arguments: tuple[str, ...], kubeconfig: Path) -> float:
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MeasurementError(f"{program} {' '.join(arguments)}: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["no message"]
        raise MeasurementError(f"{' '.join(arguments)}: {words[-1][:200]}")
    return time.perf_counter() - begin
