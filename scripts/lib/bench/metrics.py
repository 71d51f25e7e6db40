"""Reads the Prometheus text of our daemon and waits for its warm reserve."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import dataclass

POPULATED = "vineyard_populated_bytes"
STABLE_SECONDS = 0.5
LIMIT_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass
class Populate:
    """How the warm reserve came to be: bytes at the end, bytes per second."""

    bytes: float
    bytes_per_second: float | None


def read_metrics(port: int) -> dict[str, float]:
    """Sum of each metric over its labels; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as reply:
            text = reply.read().decode()
    except (urllib.error.URLError, OSError):
        return {}
    values: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        head, _, value = line.rpartition(" ")
        name = head.split("{")[0].strip()
        values[name] = values.get(name, 0.0) + float(value)
    return values


def wait_until_populated(port: int) -> Populate | None:
    """Return when the populated bytes have not moved for 0.5 s.

    None when the daemon has no such metric within 2 s.
    """
    begin = time.monotonic()
    seen: list[tuple[float, float]] = []
    while time.monotonic() - begin < LIMIT_SECONDS:
        now = time.monotonic()
        value = read_metrics(port).get(POPULATED)
        if value is None:
            if now - begin > 2.0 and not seen:
                return None
        elif not seen or value != seen[-1][1]:
            seen.append((now, value))
        elif now - seen[-1][0] >= STABLE_SECONDS:
            return Populate(value, _speed(read_metrics(port), seen))
        time.sleep(POLL_SECONDS)
    return Populate(seen[-1][1], _speed(read_metrics(port), seen)) if seen else None


def _speed(metrics: dict[str, float], seen: list[tuple[float, float]]) -> float | None:
    """Bytes per second by the daemon's own clock, else by what the polls saw grow."""
    total = metrics.get("vineyard_populated_bytes_total")
    seconds = metrics.get("vineyard_populate_seconds_total")
    if total and seconds:
        return total / seconds
    (begin, first), (end, last) = seen[0], seen[-1]
    return (last - first) / (end - begin) if last > first else None
