"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

TRANSPARENT = Path("/sys/kernel/mm/transparent_hugepage")


def describe() -> dict[str, str]:
    """Short facts that move the figures."""
    return {
        "processor": f"{os.cpu_count()} × {field('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(field('/proc/meminfo', 'MemTotal').split()[0]) / 1048576:.1f} GiB",
        "kernel": platform.release(),
        "huge pages": f"reserved {field('/proc/meminfo', 'HugePages_Total')}, "
        f"anonymous {_chosen('enabled')}, shmem {_chosen('shmem_enabled')}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def field(path: str, name: str) -> str:
    """Value of the first line `name: value` in a file."""
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _chosen(setting: str) -> str:
    try:
        return (TRANSPARENT / setting).read_text().partition("[")[2].partition("]")[0]
    except OSError:
        return "unknown"
