"""Copies into shared memory, at the speed of the machine's memory."""

from __future__ import annotations

import mmap
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
# Mapping pages costs a call, which few pages are not worth.
_MAPPED_BYTES = 2 << 20
_MADV_POPULATE_WRITE = 23

_madvise: Any = None

_pool: ThreadPoolExecutor | None = None
_pool_process = 0
_lock = threading.Lock()


def copy(target: Array, source: Array) -> None:
    """Copy an array into another of the same shape and dtype, in several threads when it is large."""
    run(parts(target, source))


def parts(target: Array, source: Array, is_fresh: bool = False) -> list[Callable[[], None]]:
    """The copies that together copy one array into another.

    As few as there are threads: the longer a copy is, the faster the machine makes it. With `is_fresh` the pages of the
    target are mapped first, all at once instead of one by one.
    """
    count = 1
    if target.nbytes >= 2 * _PART_BYTES and not target.dtype.hasobject and target.ndim:
        if source.flags.c_contiguous and target.flags.c_contiguous:
            target, source = target.reshape(-1), source.reshape(-1)
        count = min(target.shape[0], target.nbytes // _PART_BYTES, _MOST_THREADS, _processors())
    if count < 2 and not is_fresh:
        return [lambda: np.copyto(target, source)]
    edges = [len(target) * index // count for index in range(count + 1)] if target.ndim else []
    return [_copy_of(target[begin:end], source[begin:end], is_fresh) for begin, end in zip(edges, edges[1:])]


def _copy_of(target: Array, source: Array, is_fresh: bool) -> Callable[[], None]:
    def copy_one() -> None:
        if is_fresh and target.nbytes >= _MAPPED_BYTES and target.flags.c_contiguous:
            _map_pages(target)
        np.copyto(target, source)

    return copy_one


def _map_pages(target: Array) -> None:
    """Map the pages of an array for writing; where that fails, the copy does it."""
    global _madvise
    if _madvise is None:
        import ctypes

        _madvise = ctypes.CDLL(None).madvise
        _madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    begin = target.__array_interface__["data"][0]
    first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE
    size = (begin + target.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE
    _madvise(first, size, _MADV_POPULATE_WRITE)


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
