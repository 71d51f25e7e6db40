"""Copies into shared memory, at the speed of the machine's memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    Array = np.ndarray[Any, Any]

# One thread copies less than this faster than several can be woken.
_PART_BYTES = 8 << 20
_MOST_THREADS = 4

_pool: ThreadPoolExecutor | None = None
_pool_process = 0
_lock = threading.Lock()


def copy(target: Array, source: Array) -> None:
    """Copy an array into another of the same shape and dtype, in several threads when it is large."""
    run(parts(target, source))


def parts(target: Array, source: Array) -> list[Callable[[], None]]:
    """The copies that together copy one array into another."""
    if target.nbytes < 2 * _PART_BYTES or target.dtype.hasobject or not target.ndim:
        return [lambda: np.copyto(target, source)]
    if source.flags.c_contiguous and target.flags.c_contiguous:
        target, source = target.reshape(-1), source.reshape(-1)
    rows = target.shape[0]
    count = min(rows, target.nbytes // _PART_BYTES)
    if count < 2:
        return [lambda: np.copyto(target, source)]
    edges = [rows * index // count for index in range(count + 1)]
    return [
        (lambda begin=begin, end=end: np.copyto(target[begin:end], source[begin:end]))  # type: ignore[misc]
        for begin, end in zip(edges, edges[1:])
    ]


def run(copies: Iterable[Callable[[], None]]) -> None:
    """Run copies, side by side where that helps. NumPy lets other threads run while it copies."""
    todo = list(copies)
    threads = min(_MOST_THREADS, _processors(), len(todo))
    if threads < 2:
        for one in todo:
            one()
        return
    for result in [_executor().submit(one) for one in todo]:
        result.result()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _executor() -> ThreadPoolExecutor:
    global _pool, _pool_process
    with _lock:
        if _pool is None or _pool_process != os.getpid():
            from concurrent.futures import ThreadPoolExecutor

            _pool = ThreadPoolExecutor(min(_MOST_THREADS, _processors()), thread_name_prefix="vineyard-copy")
            _pool_process = os.getpid()
        return _pool
