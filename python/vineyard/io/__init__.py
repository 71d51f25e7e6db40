"""Streams, and drivers that read and write them."""

from vineyard.io.byte import ByteStream
from vineyard.io.dataframe import DataframeStream
from vineyard.io.recordbatch import RecordBatchStream
from vineyard.io.stream import StreamCollection, open, read, write

__all__ = ["ByteStream", "DataframeStream", "RecordBatchStream", "StreamCollection", "open", "read", "write"]
