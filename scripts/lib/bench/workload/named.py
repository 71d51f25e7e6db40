"""Named persisted puts of one of several clients, from one moment on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import vineyard

from bench.workload import serve

VALUE_BYTES = 1024


def work(socket: str, meeting: str, label: str, seconds: float) -> dict[str, Any]:
    """Puts per second from when all have met; the file `go` in the directory `meeting` says when."""
    client = vineyard.connect(socket)
    value = np.full(VALUE_BYTES // 8, 1.0)
    client.put(value, persist=True, name=f"warm-{label}")
    (Path(meeting) / label).touch()
    while not (Path(meeting) / "go").exists():
        time.sleep(0.001)
    count, begin = 0, time.monotonic()
    while time.monotonic() < begin + seconds:
        client.put(value, persist=True, name=f"{label}-{count}")
        count += 1
    return {"rate": count / (time.monotonic() - begin)}


if __name__ == "__main__":
    serve(work)
