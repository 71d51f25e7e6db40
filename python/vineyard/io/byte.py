"""Streams of bytes."""

from __future__ import annotations

import io
from typing import Any

from vineyard.io.stream import BaseStream, StreamReader, StreamWriter
from vineyard.shortcuts import memory_copy

_FLUSHED_BYTES = 256 << 20


class ByteReader(StreamReader):
    """The reading end of a stream of bytes."""

    def _pull(self) -> memoryview:
        chunk: memoryview = self._client.next_buffer_chunk(self._stream)
        return chunk


class ByteWriter(StreamWriter):
    """The writing end of a stream of bytes."""

    def __init__(self, client: Any, stream: Any) -> None:
        super().__init__(client, stream)
        self.buffer_size_limit = _FLUSHED_BYTES
        self._buffer = io.BytesIO()

    def write(self, data: Any) -> None:
        """Write bytes; they become a chunk when there are many, or at the end."""
        self._buffer.write(data)
        if self._buffer.tell() >= self.buffer_size_limit:
            self.flush()

    def flush(self) -> None:
        """Make a chunk of what was written."""
        if self._buffer.tell():
            with self._buffer.getbuffer() as data:
                memory_copy(self.next(len(data)), data)
            self._buffer = io.BytesIO()

    def finish(self) -> None:
        """Tell the reader that this was all."""
        self.flush()
        super().finish()


class ByteStream(BaseStream):
    """A stream of bytes."""

    typename = "vineyard::ByteStream"
    Reader = ByteReader
    Writer = ByteWriter
