"""Builds and reads the preloaded allocation counter."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from bench.daemon import MeasurementError

SOURCE = Path(__file__).with_suffix(".c")


class MallocCounter:
    """A preload library in `directory` and the file it counts into."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            raise MeasurementError("no C compiler to build the allocation counter")
        self._library = directory / "malloc_count.so"
        self._counts = directory / "counts"
        self._counts.write_bytes(bytes(16))
        done = subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-fno-builtin", "-o", str(self._library), str(SOURCE)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MeasurementError(f"malloc_count.c does not build: {done.stderr.strip()[-200:]}")

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the counted process."""
        return {"LD_PRELOAD": str(self._library), "BENCH_MALLOC_FILE": str(self._counts)}

    def allocations(self) -> int:
        """Calls that allocated so far; 0 all along if the process does not use glibc's malloc."""
        count: int = struct.unpack("<Q", self._counts.read_bytes()[:8])[0]
        return count
