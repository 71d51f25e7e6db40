"""Time to import the client when NumPy is there."""

from __future__ import annotations

import time
from typing import Any

import numpy  # noqa: F401

from bench.workload import serve


def work() -> dict[str, Any]:
    """Seconds until `vineyard.connect` can be called."""
    begin = time.perf_counter()
    import vineyard

    assert vineyard.connect
    return {"seconds": time.perf_counter() - begin}


if __name__ == "__main__":
    serve(work)
