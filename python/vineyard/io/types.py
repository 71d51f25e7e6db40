"""What objects that are streams become when they are read."""

from __future__ import annotations

import json
from typing import Any

from vineyard.io.byte import ByteStream
from vineyard.io.dataframe import DataframeStream
from vineyard.io.recordbatch import RecordBatchStream
from vineyard.io.stream import BaseStream, resolve_collection


def _resolver(kind: type[BaseStream]) -> Any:
    def resolve(obj: Any, resolver: Any) -> Any:
        return kind(obj.meta, json.loads(obj.meta.get("params_", "{}")))

    return resolve


def resolve_parallel(obj: Any, resolver: Any) -> list[Any]:
    """The streams of a parallel one."""
    count = int(obj.meta["__streams_-size"])
    return [resolver(obj.meta.get_member(f"__streams_-{index}")) for index in range(count)]


RESOLVERS = {
    **{kind.typename: _resolver(kind) for kind in (ByteStream, DataframeStream, RecordBatchStream)},
    "vineyard::ParallelStream": resolve_parallel,
    "vineyard::StreamCollection": resolve_collection,
}
