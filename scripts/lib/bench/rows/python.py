"""Row: the Python package of this repository beside the released client, with our daemon."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterator

from bench.bench import Bench, Interpreter
from bench.daemon import MeasurementError
from bench.options import ROOT
from bench.results import Budget, Line, Results
from bench.rows.sizes import BUDGET_SIZE

OPERATIONS = {"put": "put", "get": "get", "put_named": "put, persist, name", "get_named": "get by name"}
FRAME_BYTES = 350_000_000
REPEATED_PUTS = 5


def measure(bench: Bench) -> Iterator[Line]:
    """Import, small operations, a large array and a large frame; `ours` is the package, `reference` the released."""
    results = Results("Python package")
    compiled = str(bench.resources.new_directory("compiled"))
    clients = {"ours": _package(compiled), "reference": Interpreter(sys.executable)}
    with results.guard("ours"):
        # An installed package is compiled.
        bench.client("importing", clients["ours"])
    for name in bench.alternate(*clients):
        with results.guard(name):
            if not os.access(clients[name].program, os.X_OK):
                raise MeasurementError("no environment for the package: scripts/python-package makes it")
            _measure(bench, results, name, clients[name])
    yield from _lines(results)


def _package(compiled: str) -> Interpreter:
    """The package as it is in the repository, with the versions of NumPy and pandas that the released client has."""
    program = os.environ.get("PYTHON_PACKAGE") or str(ROOT / ".venv-python/bin/python")
    return Interpreter(program, str(ROOT / "python"), compiled)


def _measure(bench: Bench, results: Results, name: str, interpreter: Interpreter) -> None:
    results.add("import", name, bench.client("importing", interpreter)["seconds"] * 1000)
    for named in (False, True):
        with bench.daemon(bench.ours, size="1G") as daemon:
            parameters = {"socket": str(daemon.socket), "pid": daemon.pid, "operations": bench.options.operations}
            for operation, cost in bench.client("rates", interpreter, named=named, **parameters).items():
                results.add(operation, name, 1 / cost["seconds"])
    with bench.daemon(bench.ours) as daemon:
        put = {"socket": str(daemon.socket), "size": BUDGET_SIZE, "repeats": REPEATED_PUTS, "warm": True}
        report = bench.client("put", interpreter, **put)
        results.add("first", name, BUDGET_SIZE / report["first"] / 1e9)
        results.add("repeated", name, BUDGET_SIZE / statistics.median(report["repeated"]) / 1e9)
    with bench.daemon(bench.ours) as daemon:
        report = bench.client("frame", interpreter, directory=str(daemon.directory), size=FRAME_BYTES)
        results.add("first write", name, report["bytes"] / report["first"] / 1e9)
        results.add("write", name, report["bytes"] / report["write"] / 1e9)
        results.add("read", name, report["read"] * 1000)
        results.add("memcpy", name, report["memcpy"] / 1e9)


def _lines(results: Results) -> Iterator[Line]:
    yield results.line("import", "import vineyard, above NumPy", "ms", Budget(30, at_least=False))
    for operation, what in OPERATIONS.items():
        yield results.line(operation, what, "per s", Budget(3, at_least=True, of_ratio=True))
    yield results.line("first", "first put 512 MiB", "GB/s", Budget(1, at_least=True, of_ratio=True, tolerance=0.05))
    yield results.line(
        "repeated", "repeated put 512 MiB", "GB/s", Budget(1, at_least=True, of_ratio=True, tolerance=0.05)
    )
    yield results.line("memcpy", "memcpy, 1 thread", "GB/s", note="in the same processes")
    yield results.line("first write", "first csi.write of a frame of 350 MB", "GB/s")
    yield results.line("write", "repeated csi.write of it", "GB/s", Budget(3, at_least=True, of_ratio=True))
    yield results.line("read", "csi.read of it", "ms", Budget(2, at_least=False))
