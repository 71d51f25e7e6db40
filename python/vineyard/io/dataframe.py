"""Streams of record batches, as bytes of Arrow streams."""

from __future__ import annotations

from typing import Any

from vineyard.io.stream import BaseStream, StreamReader, StreamWriter


class DataframeReader(StreamReader):
    """The reading end of a stream of record batches."""

    def _pull(self) -> Any:
        import pyarrow as pa

        with pa.ipc.open_stream(pa.py_buffer(self._client.next_buffer_chunk(self._stream))) as reader:
            return reader.read_next_batch()

    def read_table(self) -> Any:
        """All batches as a table; their bytes are copied, because each chunk goes with the next one."""
        import pyarrow as pa

        batches = []
        for batch in self:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write(batch)
            batches.append(pa.ipc.open_stream(sink.getvalue()).read_next_batch())
        return pa.Table.from_batches(batches)


class DataframeWriter(StreamWriter):
    """The writing end of a stream of record batches."""

    def write(self, batch: Any) -> None:
        """Write a batch straight into a chunk."""
        import pyarrow as pa

        size = pa.MockOutputStream()
        with pa.ipc.new_stream(size, batch.schema) as writer:
            writer.write(batch)
        chunk = pa.FixedSizeBufferWriter(pa.py_buffer(self.next(size.size())))
        with pa.ipc.new_stream(chunk, batch.schema) as writer:
            writer.write(batch)

    def write_table(self, table: Any) -> None:
        """Write all batches of a table."""
        for batch in table.to_batches():
            self.write(batch)


class DataframeStream(BaseStream):
    """A stream of record batches."""

    typename = "vineyard::DataframeStream"
    Reader = DataframeReader
    Writer = DataframeWriter
