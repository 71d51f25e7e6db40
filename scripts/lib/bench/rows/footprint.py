"""Row: start to the first accepted client, and memory of a daemon that idles."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import procfs
from bench.bench import Bench
from bench.daemon import Daemon
from bench.results import Budget, Line, Results
from bench.wire import WireConnection

IDLE_SECONDS = 2.0


def measure(bench: Bench) -> Iterator[Line]:
    """Default flags, 4 GiB; nobody is connected while memory is read."""
    results = Results("Footprint")
    for side in bench.alternate(*bench.sides):
        with results.guard(side.name):
            daemon = Daemon(side, bench.resources, metrics=False)
            try:
                connection = WireConnection(str(daemon.socket), daemon.wait_accepting())
                results.add("start", side.name, (time.monotonic() - daemon.spawned) * 1e3)
                connection.close()
                time.sleep(IDLE_SECONDS)
                for field in ("VmRSS", "RssShmem"):
                    results.add(field, side.name, procfs.resident_megabytes(daemon.pid, field))
                results.add("private", side.name, procfs.private_megabytes(daemon.pid))
            finally:
                daemon.stop()
    yield results.line("start", "start to first register reply", "ms", Budget(30, at_least=False))
    yield results.line("VmRSS", "idle RSS (VmRSS) after 2 s", "MB", Budget(24, at_least=False))
    yield results.line("private", "… of it anonymous and files", "MB")
    yield results.line("RssShmem", "… of it shared memory", "MB", note="mapped store memory")
