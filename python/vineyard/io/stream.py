"""Streams: chunks that one process writes while another reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

from vineyard.core.driver import registerize
from vineyard.core.resolver import get_current_resolvers
from vineyard.errors import StreamDrainedException
from vineyard.wire.identifiers import ObjectID
from vineyard.wire.metadata import ObjectMeta
from vineyard.wire.objects import ipc_client_of


class StreamReader:
    """The reading end of a stream."""

    def __init__(self, client: Any, stream: ObjectID, resolver: Any = None) -> None:
        self._client = client
        self._stream = stream
        self._resolver = resolver
        client.open_stream(stream, "r")

    def _pull(self) -> Any:
        chunk = self._client.next_chunk(self._stream)
        return (self._resolver or get_current_resolvers())(chunk)

    def next(self) -> Any:
        """The next chunk.

        Raises:
            StopIteration: there are no more.
            StreamFailedException: the writer failed.
        """
        try:
            return self._pull()
        except StreamDrainedException as error:
            raise StopIteration("No more chunks") from error

    def next_metadata(self) -> ObjectMeta:
        """Metadata of the next chunk."""
        try:
            found: ObjectMeta = self._client.next_chunk_meta(self._stream)
            return found
        except StreamDrainedException as error:
            raise StopIteration("No more chunks") from error

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                chunk = self.next()
            except StopIteration:
                return
            yield chunk

    def __repr__(self) -> str:
        return f"{type(self).__qualname__} of Stream <{self._stream!r}>"


class StreamWriter:
    """The writing end of a stream."""

    def __init__(self, client: Any, stream: ObjectID) -> None:
        self._client = client
        self._stream = stream
        client.open_stream(stream, "w")

    def next(self, size: int) -> memoryview:
        """A chunk of so many bytes, to be filled before the next one is asked for."""
        chunk: memoryview = self._client.new_buffer_chunk(self._stream, size)
        return chunk

    def append(self, chunk: Any) -> None:
        """Append an object."""
        self._client.push_chunk(self._stream, chunk)

    def fail(self) -> None:
        """Tell the reader that the data is incomplete."""
        self._client.stop_stream(self._stream, True)

    def finish(self) -> None:
        """Tell the reader that this was all."""
        self._client.stop_stream(self._stream, False)

    def __repr__(self) -> str:
        return f"{type(self).__qualname__} of Stream <{self._stream!r}>"


class BaseStream:
    """A stream of objects."""

    typename = ""
    Reader: type[StreamReader] = StreamReader
    Writer: type[StreamWriter] = StreamWriter

    def __init__(self, meta: ObjectMeta, params: Any = None, resolver: Any = None) -> None:
        self._meta = meta
        self._params = params
        self._resolver = resolver
        self._reader: StreamReader | None = None
        self._writer: StreamWriter | None = None

    @classmethod
    def new(cls, client: Any, params: dict[str, Any] | None = None, meta: ObjectMeta | None = None) -> Any:
        """Make a stream."""
        client = ipc_client_of(client)
        meta = meta or ObjectMeta()
        meta["typename"] = cls.typename
        meta["params_"] = params or {}
        meta = client.create_metadata(meta)
        client.create_stream(meta.id)
        return cls(meta, params or {})

    @property
    def id(self) -> ObjectID:
        """Its identifier."""
        return self._meta.id

    @property
    def meta(self) -> ObjectMeta:
        """Its metadata."""
        return self._meta

    @property
    def params(self) -> Any:
        """What its maker said about it."""
        return self._params

    def open_reader(self, client: Any = None) -> Any:
        """The reading end; the same one again when there is one."""
        if self._reader is None:
            self._reader = self.Reader(ipc_client_of(client or self._meta._client), self.id, self._resolver)
        return self._reader

    def open_writer(self, client: Any = None) -> Any:
        """The writing end; the same one again when there is one."""
        if self._writer is None:
            self._writer = self.Writer(ipc_client_of(client or self._meta._client), self.id)
        return self._writer

    @property
    def reader(self) -> Any:
        """The reading end."""
        return self.open_reader()

    @property
    def writer(self) -> Any:
        """The writing end."""
        return self.open_writer()

    def drop(self, client: Any = None) -> None:
        """Give it up with its chunks."""
        ipc_client_of(client or self._meta._client).drop_stream(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__} <{self.id!r}>"


class StreamCollection:
    """Several streams, or collections of them, as one object."""

    KEY_OF_STREAMS = "__streams"
    KEY_OF_PATH = "__path"
    KEY_OF_GLOBAL = "__global"
    KEY_OF_OPTIONS = "__options"

    def __init__(self, meta: ObjectMeta, streams: list[ObjectID]) -> None:
        self.meta = meta
        self.streams = streams

    @classmethod
    def new(
        cls, client: Any, metadata: dict[str, Any], streams: list[Any], meta: ObjectMeta | None = None
    ) -> StreamCollection:
        """Make a collection."""
        meta = meta or ObjectMeta()
        meta["typename"] = "vineyard::StreamCollection"
        reserved = ("id", "signature", "instance_id", "transient", "global", "typename")
        for key, value in metadata.items():
            if key not in reserved:
                meta[key] = value
        meta[cls.KEY_OF_STREAMS] = [int(one) for one in streams]
        return cls(ipc_client_of(client).create_metadata(meta), [ObjectID(one) for one in streams])

    @property
    def id(self) -> ObjectID:
        """Its identifier."""
        return self.meta.id

    @property
    def isglobal(self) -> bool:
        """Whether it spans instances."""
        return bool(self.meta.get(self.KEY_OF_GLOBAL, False))

    def __repr__(self) -> str:
        return f"StreamCollection: {self.id!r} {self.streams!r}"


def resolve_collection(obj: Any, resolver: Any) -> StreamCollection:
    """A collection of streams."""
    return StreamCollection(obj.meta, [ObjectID(one) for one in json.loads(obj.meta[StreamCollection.KEY_OF_STREAMS])])


@registerize
def read(path: str, *args: Any, handlers: Any = None, **kwargs: Any) -> Any:
    """Read a path with the driver that was registered last for its scheme."""
    return _drive(read, path, (path, kwargs.pop("vineyard_ipc_socket", None), *args), {**kwargs, "handlers": handlers})


@registerize
def write(path: str, stream: Any, *args: Any, handlers: Any = None, **kwargs: Any) -> Any:
    """Write a stream to a path with the driver that was registered last for its scheme."""
    given = (path, stream, kwargs.pop("vineyard_ipc_socket", None), *args)
    return _drive(write, path, given, {**kwargs, "handlers": handlers})


def _drive(registry: Any, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    drivers = (registry._factory or {}).get(urlparse(path).scheme)
    if not drivers:
        raise ValueError(f"No IO driver registered for {path}")
    failures = []
    for driver in reversed(drivers):
        try:
            return driver(*args, **kwargs)
        except Exception as error:
            failures.append(f"{getattr(driver, '__name__', driver)}: {error}")
    raise RuntimeError(f"Unable to find a proper IO driver for {path}: {'; '.join(failures)}")


def open(path: str, *args: Any, mode: str = "r", **kwargs: Any) -> Any:
    """Open a path for reading or writing, with the driver registered for its scheme."""
    if not urlparse(path).scheme:
        path = f"file://{path}"
    if mode not in ("r", "w"):
        raise RuntimeError(f"Opening {path} with mode {mode} is not supported")
    return (read if mode == "r" else write)(path, *args, **kwargs)
