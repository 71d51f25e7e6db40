"""Memory files of a store, and the views of the blobs in them.

Each blob that is looked at has one *root*: an array of bytes from which all views are made, so that NumPy, Arrow and
memoryviews keep it alive. When the last view is gone the root goes, and the connection releases the blob.
"""

from __future__ import annotations

import mmap
import os
import weakref
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

if TYPE_CHECKING:
    Bytes = np.ndarray[Any, np.dtype[np.uint8]]

# The original hides this many bytes at the end of each file from its clients.
_HIDDEN_BYTES = 8
_BLOCK_BYTES = 2 << 20


class Root(np.ndarray):  # type: ignore[type-arg]
    """Bytes of one blob. A class of its own, because NumPy makes views of views refer to the first of them only."""

    blob: int
    # The connection that holds the bytes, which the garbage collector must not take before the views.
    connection: Any
    # Whether this process may write to some of it for the first time.
    is_fresh = False
    # The file that it is in, and where it begins there.
    file: MemoryFile | None = None
    offset = 0


class RootReference(weakref.ref):  # type: ignore[type-arg]
    """A weak reference to a root that still knows the blob when the root is gone."""

    __slots__ = ("address", "blob", "size")
    blob: int
    address: int
    size: int

    def __new__(cls, root: Root, gone: Callable[[Any], None], blob: int) -> RootReference:
        self = super().__new__(cls, root, gone)
        self.blob = blob
        self.address = address_of(root)
        self.size = root.nbytes
        return self

    def __init__(self, root: Root, gone: Callable[[Any], None], blob: int) -> None:
        super().__init__(root, gone)  # type: ignore[call-arg]


class MemoryFile:
    """A memory file that the store has sent, mapped when it is first looked at."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._maps: dict[bool, mmap.mmap] = {}
        self._written = bytearray()
        self._close = weakref.finalize(self, os.close, descriptor)

    def bytes(self, payload: dict[str, Any], writable: bool) -> Root:
        """Root of a blob."""
        end = payload["data_offset"] + payload["data_size"]
        found = self._maps.get(writable)
        if found is None or len(found) < end:
            found = self._map(payload["map_size"], end, writable)
            self._maps[writable] = found
        root = Root((payload["data_size"],), np.uint8, found, payload["data_offset"])
        root.file, root.offset = self, payload["data_offset"]
        if writable and payload["data_size"] >= _BLOCK_BYTES:
            root.is_fresh = self._is_fresh(payload["data_offset"] // _BLOCK_BYTES, -(-end // _BLOCK_BYTES))
        return root

    def private(self, offset: int, size: int) -> Bytes:
        """Bytes of the file that can be written to: what is written is seen by this process alone.

        Raises:
            OSError: the system does not map them so.
        """
        if os.fstatvfs(self._descriptor).f_bsize > mmap.PAGESIZE:
            # Of hugetlb: a page that is written to takes another one, and where there is none the process ends.
            raise OSError("there are no pages to copy to")
        begin = offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        found = mmap.mmap(self._descriptor, offset + size - begin, mmap.MAP_PRIVATE, protection, offset=begin)
        return np.ndarray((size,), np.uint8, found, offset - begin)

    def _is_fresh(self, begin: int, end: int) -> bool:
        """Whether a block was not written to before; they are now."""
        if len(self._written) < end:
            self._written.extend(bytes(end - len(self._written)))
        is_fresh = not all(self._written[begin:end])
        self._written[begin:end] = b"\1" * (end - begin)
        return is_fresh

    def _map(self, map_size: int, end: int, writable: bool) -> mmap.mmap:
        length = max(map_size - _HIDDEN_BYTES, end)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        return mmap.mmap(self._descriptor, length, mmap.MAP_SHARED, protection)


EMPTY = Root((0,), np.uint8)
EMPTY.flags.writeable = False


class _Private(np.ndarray):  # type: ignore[type-arg]
    """Bytes that a process may change for itself, and the blob that has those that it does not change."""

    kept: Any


def private_bytes(blob: Any) -> Bytes:
    """The bytes of a blob for a library that has no read-only data: views that are copied page by page when written to.

    Where the system does not map them so, they are a copy.
    """
    root = blob
    while type(root) is not Root and isinstance(root.base, np.ndarray):
        root = root.base
    if isinstance(root, Root) and root.file is not None and blob.nbytes:
        try:
            private = root.file.private(root.offset, blob.nbytes).view(_Private)
        except OSError:
            return np.array(blob.view(np.ndarray))
        private.kept = root
        return private
    return np.array(blob.view(np.ndarray))


def view_of(array: Any) -> memoryview:
    """A memoryview of an array's bytes."""
    return memoryview(array)


def address_of(array: Any) -> int:
    """Address of an array's first byte."""
    return int(array.__array_interface__["data"][0])
