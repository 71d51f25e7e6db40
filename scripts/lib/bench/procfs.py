"""What the kernel tells about a process."""

from __future__ import annotations

from pathlib import Path


def cpu_nanoseconds(pid: int) -> int:
    """CPU time of all living threads of `pid`, user and system, in nanoseconds.

    `schedstat` has nanosecond precision where `stat` has 10 ms ticks.
    """
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return total


def status_field(pid: int, name: str) -> int:
    """Number in the line `name:` of /proc/PID/status (kB for the memory lines)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


def resident_megabytes(pid: int, field: str = "VmRSS") -> float:
    """Resident memory in MB (10^6 bytes): VmRSS, RssAnon, RssFile or RssShmem."""
    return status_field(pid, field) * 1024 / 1e6


def private_megabytes(pid: int) -> float:
    """Resident memory in MB without shared memory, that is without stored bytes."""
    return resident_megabytes(pid, "RssAnon") + resident_megabytes(pid, "RssFile")


def is_traced(pid: int) -> bool:
    """Whether every thread of `pid` has a tracer."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("TracerPid:") and line.split()[1] == "0":
                return False
    return True
