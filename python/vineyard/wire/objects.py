"""Objects, and the bytes of blobs that are read or written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from vineyard.errors import ObjectNotExistsException, ObjectSealedException
from vineyard.wire import copying
from vineyard.wire.identifiers import EMPTY_BLOB, ObjectID
from vineyard.wire.memory import EMPTY, Root, address_of, view_of
from vineyard.wire.metadata import EMPTY_BLOB_TREE, ObjectMeta, blob_tree

if TYPE_CHECKING:
    from vineyard.core.base import ClientBase


class Object:
    """An object of a store: metadata, with members that are objects."""

    _meta: ObjectMeta

    def __init__(self, meta: ObjectMeta) -> None:
        self._meta = meta

    @staticmethod
    def from_(meta: ObjectMeta) -> Object:
        """Object of metadata."""
        return object_of(meta)

    @property
    def meta(self) -> ObjectMeta:
        """Its metadata."""
        return self._meta

    @property
    def id(self) -> ObjectID:
        """Its identifier."""
        return self._meta.id

    @property
    def signature(self) -> int:
        """What stays when it is copied to another instance."""
        return self._meta.signature

    @property
    def typename(self) -> str:
        """Name of its type."""
        return self._meta.typename

    @property
    def islocal(self) -> bool:
        """Whether the client's store has it."""
        return self._meta.islocal

    @property
    def isglobal(self) -> bool:
        """Whether it spans instances."""
        return self._meta.isglobal

    @property
    def ispersist(self) -> bool:
        """Whether it was persisted."""
        return bool(self._meta._client._ask("if_persist_request", id=int(self.id))["persist"])

    def member(self, key: str) -> Object:
        """One of its members."""
        return self._meta.get_member(key)

    def __getitem__(self, key: Any) -> Any:
        return self.member(key)

    @property
    def nbytes(self) -> int:
        """Size that the writer stated, in bytes."""
        return self._meta.nbytes

    def __repr__(self) -> str:
        return f'{type(self).__name__} <"{self.id!r}": {self.typename}>'

    def _repr_html_(self) -> str:
        return self._meta._repr_html_()


class _Bytes(np.ndarray):  # type: ignore[type-arg]
    """Bytes with an identity. An array, because only so does Python before 3.12 know how to take a memoryview of it."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return view_of(self.view(np.ndarray))[key]
        return int(self.view(np.ndarray)[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        target = self.view(np.ndarray)
        target[key] = np.frombuffer(value, np.uint8) if isinstance(key, slice) else value

    def __iter__(self) -> Iterator[int]:
        return iter(view_of(self.view(np.ndarray)))

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> Any:
        return self is other

    def __ne__(self, other: object) -> Any:
        return self is not other

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __len__(self) -> int:
        return int(self.shape[0])

    @property
    def address(self) -> int:
        """Address of the first byte."""
        return address_of(self)

    @property
    def buffer(self) -> memoryview:
        """The bytes."""
        return view_of(self.view(np.ndarray))

    def __str__(self) -> str:
        return repr(self)

    def copy(self, offset: int, source: Any, size: int | None = None) -> None:  # type: ignore[override]
        """Copy bytes to an offset: of a buffer, or `size` bytes from an address of this process."""
        if isinstance(source, (int, np.integer)):
            import ctypes

            source = (ctypes.c_ubyte * (size or 0)).from_address(int(source))
        data = np.frombuffer(source, np.uint8)
        if offset < 0 or offset + data.size > len(self):
            raise ValueError(f"{data.size} bytes at {offset} do not fit in {len(self)}")
        copying.copy(self.view(np.ndarray)[offset : offset + data.size], data)


class Blob(_Bytes, Object):
    """Bytes of a sealed blob, read-only."""

    def __new__(cls, root: Root, meta: ObjectMeta) -> Blob:
        self: Blob = root.view(cls)
        self._meta = meta
        return self

    def __init__(self, root: Root, meta: ObjectMeta) -> None:
        pass

    def __array_finalize__(self, source: Any) -> None:
        meta: Any = getattr(source, "_meta", None)
        self._meta = meta

    @staticmethod
    def empty() -> Blob:
        """The blob without bytes."""
        return Blob(EMPTY, ObjectMeta.of(dict(EMPTY_BLOB_TREE)))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return len(self)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self)

    @property
    def is_empty(self) -> bool:
        """Whether it has no bytes."""
        return len(self) == 0

    def __reduce__(self) -> Any:
        return bytes, (self.buffer.tobytes(),)

    __repr__ = Object.__repr__


class RemoteBlob(Blob):
    """Bytes of a blob that were fetched over TCP."""

    @property
    def allocated_size(self) -> int:
        """Size in bytes."""
        return len(self)

    @property
    def instance_id(self) -> int:
        """Instance of the store that has the blob."""
        return self._meta.instance_id


class ObjectBuilder:
    """Something that becomes an object when it is sealed."""

    _sealed = False

    @property
    def issealed(self) -> bool:
        """Whether it was sealed."""
        return self._sealed

    def seal(self, client: Any) -> Any:
        """Make an object of it."""
        raise NotImplementedError


class BlobBuilder(_Bytes, ObjectBuilder):
    """Bytes of a blob that is being written."""

    def __new__(cls, client: ClientBase, blob: int, root: Root) -> BlobBuilder:
        self: BlobBuilder = root.view(cls)
        self._client = client
        self._blob = ObjectID(blob)
        return self

    def __init__(self, client: ClientBase, blob: int, root: Root) -> None:
        pass

    _client: Any = None
    _blob = EMPTY_BLOB
    _length: int | None = None

    @property
    def id(self) -> ObjectID:
        """Identifier of the blob."""
        return self._blob

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self)

    def seal(self, client: Any = None) -> Blob:
        """End the writing, and return the blob."""
        if self._sealed:
            raise ObjectSealedException(f"{self._blob!r} was sealed before")
        client = ipc_client_of(client) or self._client
        client._ask("seal_request", object_id=int(self._blob))
        self._sealed = True
        found: Blob = client.get_blob(self._blob)
        return found

    def abort(self, client: Any = None) -> None:
        """Give the blob up."""
        if self._sealed:
            raise ObjectSealedException(f"{self._blob!r} was sealed: delete it instead")
        (ipc_client_of(client) or self._client)._ask("drop_buffer_request", id=int(self._blob))

    def shrink(self, client: Any, size: int) -> None:
        """Give up the bytes behind the first `size`."""
        ipc_client_of(client)._ask("shrink_buffer_request", id=int(self._blob), size=size)
        self._length = size

    def __len__(self) -> int:
        return int(self.shape[0]) if self._length is None else self._length

    @property
    def buffer(self) -> memoryview:
        """The bytes."""
        return view_of(self.view(np.ndarray))[: len(self)]

    def __repr__(self) -> str:
        return f"BlobBuilder <{self._blob!r}, {len(self)} bytes>"


class RemoteBlobBuilder(_Bytes):
    """Bytes in this process that become a blob of a store elsewhere."""

    def __new__(cls, size: int) -> RemoteBlobBuilder:
        return np.zeros(size, np.uint8).view(cls)

    @classmethod
    def make(cls, size: int) -> RemoteBlobBuilder:
        """Builder of so many bytes."""
        return cls(size)

    @classmethod
    def wrap(cls, source: Any) -> RemoteBlobBuilder:
        """Builder of bytes that there are, without a copy."""
        return np.frombuffer(source, np.uint8).view(cls)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self)

    def abort(self) -> None:
        """Give it up; nothing was sent yet."""

    def __repr__(self) -> str:
        return f"RemoteBlobBuilder <{len(self)} bytes>"


def ipc_client_of(client: Any) -> Any:
    """The part of a client that speaks with the local store."""
    return getattr(client, "_ipc_client", None) or client


def object_of(meta: ObjectMeta) -> Object:
    """Object of metadata: a blob with its bytes, or one with members."""
    if meta._tree.get("typename") != "vineyard::Blob":
        return Object(meta)
    blob = int(meta._tree["id"][1:], 16)
    root = EMPTY if blob == EMPTY_BLOB else meta._roots.get(blob)
    if root is None:
        raise ObjectNotExistsException(f"the bytes of blob o{blob:016x} are not there: was it deleted?")
    kind = Blob if isinstance(root, Root) else RemoteBlob
    return kind(root, meta)


def blob_of(blob: int, root: Root, instance: int, client: Any) -> Blob:
    """Blob with its bytes."""
    return Blob(root, ObjectMeta.of(blob_tree(blob, root.size, instance), client, {blob: root}))
