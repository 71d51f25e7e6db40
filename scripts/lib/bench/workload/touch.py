"""Warms the host's memory in a process of its own."""

from __future__ import annotations

from typing import Any

from bench.touch import touch
from bench.workload import serve


def work(size: int) -> dict[str, Any]:
    """Touch `size` bytes and give them back."""
    touch(size)
    return {}


if __name__ == "__main__":
    serve(work)
