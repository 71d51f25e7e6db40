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
        if writable and payload["data_size"] >= _BLOCK_BYTES:
            root.is_fresh = self._is_fresh(payload["data_offset"] // _BLOCK_BYTES, -(-end // _BLOCK_BYTES))
        return root

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


def view_of(array: Any) -> memoryview:
    """A memoryview of an array's bytes."""
    return memoryview(array)


def address_of(array: Any) -> int:
    """Address of an array's first byte."""
    return int(array.__array_interface__["data"][0])
