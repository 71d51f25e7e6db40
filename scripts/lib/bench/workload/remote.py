"""Reading from one store what another has, and from the same store what it has itself."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import vineyard

from bench.metrics import wait_until_populated
from bench.workload import serve

PATIENCE_SECONDS = 60


def work(owner: str, reader: str, ports: list[int], size: int, count: int, rounds: int) -> dict[str, Any]:
    """Seconds of the first and of later reads of `count` arrays by name, and of reading an array of the reader's store."""
    there, here = vineyard.connect(owner), vineyard.connect(reader)
    value = np.full(size // 8, 1.0)
    names = [f"remote-{size}-{index}-{time.monotonic_ns()}" for index in range(count)]
    kept = [there.put(value, persist=True, name=name) for name in names]
    local = here.put(value, persist=True, name=f"local-{names[0]}")
    _wait(here, names)
    # A store makes pages again for what was taken; reading then would measure that.
    for port in ports:
        wait_until_populated(port)

    first = [_seconds(here, name) for name in names]
    second = [_seconds(here, names[0]) for _ in range(rounds)]
    own = [_seconds(here, f"local-{names[0]}") for _ in range(rounds)]
    array = np.asarray(here.get(name=names[-1]))
    if len(array) != size // 8 or array[-1] != 1.0 or array[0] != 1.0:
        raise AssertionError("what was read is not what was written")
    there.delete(kept)
    here.delete(local)
    return {name: statistics.median(values) for name, values in (("first", first), ("second", second), ("own", own))}


def _seconds(client: Any, name: str) -> float:
    begin = time.perf_counter()
    client.get(name=name)
    return time.perf_counter() - begin


def _wait(client: Any, names: list[str]) -> None:
    """Until the reader's store knows all names, so that no read waits for metadata."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(name in client.list_names("remote-*", limit=1 << 20) for name in names):
        if time.monotonic() > deadline:
            raise AssertionError("the names are not on the other store")
        time.sleep(0.01)


if __name__ == "__main__":
    serve(work)
