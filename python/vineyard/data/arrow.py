"""Arrays, record batches, tables and schemas of Arrow.

What the original writes and reads is stored as it does it. Everything else (slices of bits, dictionaries, views,
decimals, instants, structures, …) is an Arrow stream in one blob, which can be looked at without a copy, too.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pyarrow as pa

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, Part, part_of_array
from vineyard.wire.memory import Root

_TEXT = "vineyard::BaseBinaryArray<arrow::LargeStringArray>"
_NUMBERS = (
    [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
    + [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
    + [pa.float64()]
)
_NUMERIC = {str(one): one for one in [*_NUMBERS, pa.float32(), pa.float16()]}
_NUMERIC.update({"date32[day]": pa.date32(), "date64[ms]": pa.date64()})


def _is_plain(kind: Any) -> bool:
    """Whether the original reads back what it writes of a type."""
    if pa.types.is_list(kind):
        return _is_plain(kind.value_type)
    return (
        kind in _NUMBERS
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
    )


def _part(buffer: Any) -> Part:
    return part_of_array(
        np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else np.empty(0, np.uint8)
    )


def _array_draft(array: Any, typename: str, **buffers: Any) -> Draft:
    draft = Draft(typename, length_=len(array), null_count_=array.null_count, offset_=array.offset, nbytes=array.nbytes)
    for key, buffer in buffers.items():
        draft.add(key, _part(buffer))
    return draft


def plan_column(array: Any) -> Draft:
    """An array of a type that the original knows."""
    kind = array.type
    if pa.types.is_null(kind):
        return Draft("vineyard::NullArray", length_=len(array))
    if pa.types.is_list(kind):
        return _plan_list(array)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        wide = array.cast(pa.large_string())
        bitmap, offsets, data = wide.buffers()
        return _array_draft(wide, _TEXT, buffer_offsets_=offsets, buffer_data_=data, null_bitmap_=bitmap)
    bitmap, data = array.buffers()
    typename = "vineyard::BooleanArray" if pa.types.is_boolean(kind) else f"vineyard::NumericArray<{kind}>"
    return _array_draft(array, typename, buffer_=data, null_bitmap_=bitmap)


def _plan_list(array: Any) -> Draft:
    # Buffers of the values come last: only the first two are the list's own.
    bitmap, offsets = array.buffers()[:2]
    wide = np.frombuffer(offsets, np.int32).astype(np.int64) if offsets is not None else np.zeros(1, np.int64)
    draft = _array_draft(array, "vineyard::LargeListArray", null_bitmap_=bitmap)
    draft.add("buffer_offsets_", part_of_array(wide))
    draft.add("values_", plan_column(array.values))
    return draft


def plan_text_column(value: Any) -> Draft | None:
    """Text and None in an array of NumPy; None when there is something else in it."""
    if value.dtype.kind == "O" and any(type(item) is bytes for item in value):
        # Arrow would take them for text.
        return None
    try:
        return plan_column(pa.array(value, type=pa.large_string()))
    except (pa.ArrowException, TypeError, ValueError):
        pass
    try:
        return plan_column(pa.array(value, type=pa.string()))
    except (pa.ArrowException, TypeError, ValueError, AttributeError):
        return None


def plan_array(array: Any, planning: Planning) -> Draft:
    """An array of any type."""
    if _is_plain(array.type):
        return plan_column(array)
    return plan_stream(pa.table({"": array}), "array")


def plan_chunked(array: Any, planning: Planning) -> Draft:
    """Several arrays as one."""
    return plan_stream(pa.table({"": array}), "chunked")


def plan_schema(schema: Any, planning: Planning | None = None) -> Draft:
    """Names and types of columns."""
    wide = pa.schema([pa.field(field.name, _wide(field.type)) for field in schema], schema.metadata)
    serialized = wide.serialize()
    text = json.dumps({"bytes": list(serialized.to_pybytes())})
    return Draft("vineyard::SchemaProxy", schema_binary_=text, nbytes=serialized.size)


def _wide(kind: Any) -> Any:
    if pa.types.is_string(kind):
        return pa.large_string()
    if pa.types.is_binary(kind):
        return pa.large_binary()
    return pa.large_list(kind.value_type) if pa.types.is_list(kind) else kind


def _is_plain_schema(schema: Any) -> bool:
    return all(_is_plain(kind) for kind in schema.types)


def plan_batch(batch: Any, planning: Planning | None = None) -> Draft:
    """A record batch."""
    if not _is_plain_schema(batch.schema):
        return plan_stream(batch, "batch")
    draft = Draft("vineyard::RecordBatch", row_num_=batch.num_rows, column_num_=batch.num_columns, nbytes=batch.nbytes)
    draft.tree["__columns_-size"] = batch.num_columns
    draft.add("schema_", plan_schema(batch.schema))
    for index in range(batch.num_columns):
        draft.add(f"__columns_-{index}", plan_column(batch.column(index)))
    return draft


def plan_table(table: Any, planning: Planning | None = None, **fields: Any) -> Draft:
    """A table; one without rows is a stream, because the original cannot read it."""
    batches = table.to_batches()
    if not _is_plain_schema(table.schema) or not batches:
        return plan_stream(table, "table", **fields)
    draft = Draft(
        "vineyard::Table",
        num_rows_=table.num_rows,
        num_columns_=table.num_columns,
        batch_num_=len(batches),
        nbytes=table.nbytes,
        **fields,
    )
    draft.tree["partitions_-size"] = len(batches)
    draft.add("schema_", plan_schema(table.schema))
    for index, batch in enumerate(batches):
        draft.add(f"partitions_-{index}", plan_batch(batch))
    return draft


def plan_stream(value: Any, container: str, **fields: Any) -> Draft:
    """A batch or a table as an Arrow stream in one blob, written into shared memory directly."""
    size = pa.MockOutputStream()
    _write(size, value)

    def fill(root: Root) -> list[Any]:
        def copy(note: Any) -> None:
            _write(pa.FixedSizeBufferWriter(pa.py_buffer(root)), value)
            note(root.nbytes)

        return [copy]

    draft = Draft("vineyardctl::Arrow", container_=container, nbytes=size.size(), **fields)
    draft.add("buffer_", Part(size.size(), fill))
    return draft


def _write(sink: Any, value: Any) -> None:
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)


def plan_buffer(buffer: Any, planning: Planning) -> Part:
    """Bytes of a buffer, which are a blob and nothing else."""
    return _part(buffer)


def builder_of(kind: type) -> Planner | None:
    """Builder of exactly this type."""
    return _BUILDERS.get(kind)


_BUILDERS = {
    pa.Array: Planner(plan_array),
    pa.ChunkedArray: Planner(plan_chunked),
    pa.Schema: Planner(plan_schema),
    pa.RecordBatch: Planner(plan_batch),
    pa.Table: Planner(plan_table),
    pa.Buffer: Planner(plan_buffer),
}


def _buffer(obj: Any, key: str) -> Any:
    blob = obj.member(key)
    return pa.py_buffer(blob.buffer) if len(blob) else None


def _from_buffers(obj: Any, kind: Any, keys: list[str], children: Any = None) -> Any:
    tree = obj.meta.tree
    buffers = [_buffer(obj, key) for key in keys]
    # Only the bitmap may be missing.
    buffers[1:] = [pa.py_buffer(b"") if one is None else one for one in buffers[1:]]
    if "buffer_offsets_" in keys and not buffers[1].size:
        buffers[1] = pa.py_buffer(bytes(8))
    counts = (int(tree["length_"]), buffers, int(tree["null_count_"]), int(tree["offset_"]))
    return pa.Array.from_buffers(kind, *counts, *([children] if children else []))


def resolve_number(obj: Any, resolver: Any) -> Any:
    """Numbers."""
    match = re.match(r"vineyard::NumericArray<(.+)>\Z", obj.typename)
    name = match[1] if match else ""
    kind = _NUMERIC.get(name) or pa.type_for_alias(name)
    return _from_buffers(obj, kind, ["null_bitmap_", "buffer_"])


def resolve_fixed(obj: Any, resolver: Any) -> Any:
    """Bytes of one length."""
    return _from_buffers(obj, pa.binary(int(obj.meta["byte_width_"])), ["null_bitmap_", "buffer_"])


def resolve_text(obj: Any, resolver: Any = None) -> Any:
    """Text, or bytes."""
    kind = pa.large_binary() if "LargeBinaryArray" in obj.typename else pa.large_string()
    return _from_buffers(obj, kind, ["null_bitmap_", "buffer_offsets_", "buffer_data_"])


def resolve_null(obj: Any, resolver: Any) -> Any:
    """Nothing, many times."""
    return pa.nulls(int(obj.meta["length_"]))


def resolve_boolean(obj: Any, resolver: Any) -> Any:
    """Truth values."""
    return _from_buffers(obj, pa.bool_(), ["null_bitmap_", "buffer_"])


def resolve_list(obj: Any, resolver: Any) -> Any:
    """Lists."""
    values = resolver.run(obj.member("values_"))
    return _from_buffers(obj, pa.large_list(values.type), ["null_bitmap_", "buffer_offsets_"], [values])


def resolve_schema(obj: Any, resolver: Any) -> Any:
    """Names and types of columns."""
    meta = obj.meta
    if "buffer_" in meta:
        return pa.ipc.read_schema(_buffer(obj, "buffer_"))
    return pa.ipc.read_schema(pa.py_buffer(bytes(json.loads(meta["schema_binary_"])["bytes"])))


def resolve_batch(obj: Any, resolver: Any) -> Any:
    """A record batch."""
    columns = [resolver.run(obj.member(f"__columns_-{index}")) for index in range(int(obj.meta["__columns_-size"]))]
    return pa.RecordBatch.from_arrays(columns, schema=resolver.run(obj.member("schema_")))


def resolve_table(obj: Any, resolver: Any) -> Any:
    """A table."""
    batches = [resolver.run(obj.member(f"partitions_-{index}")) for index in range(int(obj.meta["batch_num_"]))]
    schema = resolver.run(obj.member("schema_")) if not batches else None
    return _frame(pa.Table.from_batches(batches, schema), obj)


def resolve_stream(obj: Any, resolver: Any) -> Any:
    """What was stored as a stream."""
    with pa.ipc.open_stream(pa.py_buffer(obj.member("buffer_").buffer)) as reader:
        container = obj.meta["container_"]
        if container == "batch":
            return reader.read_next_batch()
        table = reader.read_all()
    if container == "table":
        return _frame(table, obj)
    column = table.column(0)
    if container == "array":
        return column.chunk(0) if column.num_chunks == 1 else pa.array([], column.type)
    return column


def _frame(table: Any, obj: Any) -> Any:
    if not obj.meta.get("from_polars", False):
        return table
    try:
        import polars
    except ImportError:
        return table
    return polars.from_arrow(table)


RESOLVERS = {
    "vineyard::NumericArray": resolve_number,
    "vineyard::FixedSizeBinaryArray": resolve_fixed,
    "vineyard::LargeBinaryArray": resolve_text,
    "vineyard::LargeStringArray": resolve_text,
    "vineyard::BaseBinaryArray": resolve_text,
    "vineyard::NullArray": resolve_null,
    "vineyard::BooleanArray": resolve_boolean,
    "vineyard::LargeListArray": resolve_list,
    "vineyard::SchemaProxy": resolve_schema,
    "vineyard::RecordBatch": resolve_batch,
    "vineyard::Table": resolve_table,
    "vineyardctl::Arrow": resolve_stream,
}
