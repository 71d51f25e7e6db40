"""Copies into shared memory, at the speed of the machine's memory."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from vineyard.wire.progress import Progress

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    Array = np.ndarray[Any, Any]

# One thread copies less than this faster than several can be woken.
_PART_BYTES = 8 << 20
_MOST_THREADS = 4
# Mapping pages costs a call, which few pages are not worth.
_MAPPED_BYTES = 2 << 20
_MADV_POPULATE_WRITE = 23
# After so much a copy says how far it is, and can be interrupted.
_PIECE_BYTES = 64 << 20
# Less than this is written in less than a second.
_TOLD_BYTES = 256 << 20

_madvise: Any = None

_pool: ThreadPoolExecutor | None = None
_pool_process = 0
_lock = threading.Lock()


Note = Callable[[int], None]
"""Called with the bytes that were copied since."""
Copy = Callable[[Note], None]
"""A copy, in pieces after each of which it notes how large it was."""


def copy(target: Array, source: Array) -> None:
    """Copy an array into another of the same shape and dtype, in several threads when it is large."""
    run(parts(target, source), target.nbytes)


def parts(target: Array, source: Array, is_fresh: bool = False) -> list[Copy]:
    """The copies that together copy one array into another.

    As few as there are threads: the longer a copy is, the faster the machine makes it. With `is_fresh` the pages of the
    target are mapped first, many at once instead of one by one.
    """
    count = 1
    if target.nbytes >= 2 * _PART_BYTES and not target.dtype.hasobject and target.ndim:
        if source.flags.c_contiguous and target.flags.c_contiguous:
            target, source = target.reshape(-1), source.reshape(-1)
        count = min(target.shape[0], target.nbytes // _PART_BYTES, _MOST_THREADS, _processors())
    if target.nbytes <= _PIECE_BYTES and count < 2 and not is_fresh:
        return [_Whole(target, source)]
    if not target.ndim:
        return [_Whole(target, source)]
    edges = [len(target) * index // count for index in range(count + 1)]
    return [_Pieces(target[begin:end], source[begin:end], is_fresh) for begin, end in zip(edges, edges[1:])]


class _Whole:
    """A copy in one piece."""

    __slots__ = ("source", "target")

    def __init__(self, target: Array, source: Array) -> None:
        self.target, self.source = target, source

    def __call__(self, note: Note) -> None:
        np.copyto(self.target, self.source)
        note(self.target.nbytes)


class _Pieces:
    """A copy in pieces of many megabytes."""

    __slots__ = ("is_fresh", "source", "target")

    def __init__(self, target: Array, source: Array, is_fresh: bool) -> None:
        self.target, self.source = target, source
        self.is_fresh = is_fresh and target.nbytes >= _MAPPED_BYTES and target.flags.c_contiguous

    def __call__(self, note: Note) -> None:
        target, source = self.target, self.source
        step = max(1, len(target) * _PIECE_BYTES // max(target.nbytes, 1))
        for begin in range(0, len(target), step):
            piece = target[begin : begin + step]
            if self.is_fresh:
                _map_pages(piece)
            np.copyto(piece, source[begin : begin + step])
            note(piece.nbytes)


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


def run(copies: Iterable[Copy], total: int) -> None:
    """Run copies, side by side where that helps. NumPy lets other threads run while it copies.

    Nothing is written any more when this returns, also when it was interrupted.

    Args:
        copies: what is to be copied.
        total: bytes of all.
    """
    todo = list(copies)
    threads = min(_MOST_THREADS, _processors(), len(todo)) if total >= 2 * _PART_BYTES and len(todo) > 1 else 1
    if total < _TOLD_BYTES:
        _run(todo, threads, _nothing)
        return
    with Progress("vineyard: written", total) as progress:
        _run(todo, threads, progress.add)


def _nothing(size: int) -> None:
    pass


class _Interrupted(Exception):
    """Ends a copy that nobody wants any more."""


def _one_after_another(copies: list[Copy], note: Note) -> None:
    for one in copies:
        one(note)


def _groups(todo: list[Copy]) -> list[list[Copy]]:
    """Copies put together until they are worth a thread's attention."""
    groups: list[list[Copy]] = []
    room = 0
    for one in todo:
        size = one.target.nbytes if isinstance(one, _Whole) else _PART_BYTES
        if size > room:
            groups.append([])
            room = _PART_BYTES
        groups[-1].append(one)
        room -= size
    return groups


def _run(todo: list[Copy], threads: int, note: Note) -> None:
    if threads < 2:
        _one_after_another(todo, note)
        return
    is_wanted = True

    def note_or_end(size: int) -> None:
        note(size)
        if not is_wanted:
            raise _Interrupted

    results = [_executor().submit(_one_after_another, group, note_or_end) for group in _groups(todo)]
    try:
        for result in results:
            result.result()
    except BaseException:
        is_wanted = False
        for result in results:
            result.cancel()
        from concurrent.futures import wait

        wait(results)
        raise


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
