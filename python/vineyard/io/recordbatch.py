"""Streams whose chunks are record batches that were stored as objects."""

from __future__ import annotations

from vineyard.io.stream import BaseStream


class RecordBatchStream(BaseStream):
    """A stream of record batches."""

    typename = "vineyard::RecordBatchStream"
