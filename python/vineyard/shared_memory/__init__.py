"""`multiprocessing.shared_memory` on a store: blocks that other processes see once they are frozen."""

from __future__ import annotations

import contextlib
import warnings
from multiprocessing import shared_memory
from typing import Any

from vineyard.wire.identifiers import ObjectID
from vineyard.wire.memory import view_of
from vineyard.wire.objects import Blob, BlobBuilder, ipc_client_of

__all__ = ["ShareableList", "SharedMemory"]


class SharedMemory:
    """A block of shared memory: written by who creates it, read by all once it is frozen."""

    def __init__(self, vineyard_client: Any, name: Any = None, create: bool = False, size: int = 0) -> None:
        if size < 0:
            raise ValueError("'size' must be a positive integer")
        if create and size == 0:
            raise ValueError("'size' must be a positive number different from zero")
        if create and name is not None:
            raise ValueError("'name' can only be None if create=True")
        if not create and name is None:
            raise ValueError("'name' cannot be None if create=False")
        if not create and size:
            warnings.warn("'size' will take no effect if create=False", stacklevel=2)
        self._client = ipc_client_of(vineyard_client)
        self._builder: BlobBuilder | None = None
        self._blob: Blob | None = None
        if create:
            self._builder = self._client.create_blob(size)
        else:
            self._blob = self._client.get_object(ObjectID(name))
        held: Any = self._builder if create else self._blob
        self._name, self._size = held.id, held.size
        self._buf: memoryview | None = view_of(held)

    @property
    def buf(self) -> Any:
        """The bytes."""
        return self._buf

    @property
    def name(self) -> str:
        """Identifier, as text."""
        return repr(self._name)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return int(self._size)

    def freeze(self) -> SharedMemory:
        """Show the block to others; nobody writes to it any more."""
        if self._builder is not None:
            self._blob = self._builder.seal(self._client)
            self._builder = None
        return self

    def close(self) -> None:
        """Freeze the block."""
        self.freeze()

    def unlink(self) -> None:
        """Delete the block."""
        self._buf = None
        if self._builder is not None:
            self._builder.abort(self._client)
            self._builder = None
        elif self._blob is not None:
            self._client.delete(self._blob.id)
            self._blob = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._client, self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, size={self.size})"


class ShareableList(shared_memory.ShareableList):  # type: ignore[type-arg]
    """A list of numbers, texts, bytes and None in shared memory, in the layout of the standard library."""

    def __init__(self, vineyard_client: Any, sequence: Any = None, *, name: Any = None) -> None:
        if name is not None and sequence is not None:
            warnings.warn("'name' will take no effect as we are going to create a ShareableList", stacklevel=2)
        if name is None or sequence is not None:
            # Laid out by the standard library in a block of its own, and copied as it is.
            local: Any = shared_memory.ShareableList(sequence or ())
            try:
                data = bytes(local.shm.buf)[: _length_of(local)]
            finally:
                local.shm.close()
                local.shm.unlink()
            block = SharedMemory(vineyard_client, create=True, size=len(data))
            block.buf[:] = memoryview(data)
        else:
            block = SharedMemory(vineyard_client, name)
        self.shm: Any = block
        self._list_len = len(self)
        import struct

        self._allocated_offsets = list(struct.unpack_from(f"{self._list_len + 1}q", block.buf, 8))

    def freeze(self) -> None:
        """Show the list to others; nobody writes to it any more."""
        self.shm.freeze()

    def __reduce__(self) -> tuple[Any, ...]:
        return _list_of, (self.shm._client, self.shm.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({[self[index] for index in range(len(self))]!r}, name={self.shm.name!r})"


def _length_of(local: Any) -> int:
    count = len(local)
    return int(local._offset_back_transform_codes) + count


def _list_of(client: Any, name: str) -> ShareableList:
    return ShareableList(client, name=name)
