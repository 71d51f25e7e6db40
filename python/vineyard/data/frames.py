"""Frames, series and indexes of pandas, as the original stores them where it can read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft
from vineyard.data.json_text import from_json, to_json
from vineyard.data.pickles import plan_pickle
from vineyard.data.tensor import plan_array
from vineyard.wire.memory import address_of

RANGE = "vineyardctl_range_"
"""Field of an index with [start, stop, step]."""
COLUMNS_NAME = "vineyardctl_columns_name_"
"""Field of a frame with the name of its columns."""

_NUMBERS = "biufc"
_ALIGNMENT = 64
"""Blobs begin at multiples of this many bytes."""


def is_plain_dtype(dtype: Any) -> bool:
    """Whether the original reads back what it writes of a dtype."""
    if not isinstance(dtype, np.dtype):
        return isinstance(dtype, pd.SparseDtype)
    return dtype.kind in "OMm" or (dtype.kind in _NUMBERS and dtype.isnative and dtype.itemsize <= 16)


def is_plain_index(index: Any) -> bool:
    """Whether the original reads back what it writes of an index."""
    if isinstance(index, pd.MultiIndex) or not isinstance(index.dtype, np.dtype) or not _is_label(index.name):
        return False
    dtype = index.dtype
    if dtype.kind == "O":
        return bool(all(isinstance(item, str) for item in index))
    return is_plain_dtype(dtype) and dtype.kind != "c" and dtype.name != "float16"


def is_plain_columns(columns: Any) -> bool:
    """Whether JSON has the names of columns."""
    if isinstance(columns, pd.MultiIndex) or not _is_label(columns.name):
        return False
    if not isinstance(columns.dtype, np.dtype) and columns.dtype != "str":
        return False
    return all(isinstance(name, (str, int, float, np.integer, np.floating)) and name == name for name in columns)


def _is_label(name: Any) -> bool:
    return name is None or isinstance(name, (str, int, float))


def plan_index(index: Any, planning: Planning) -> Draft:
    """An index; a range keeps its numbers for the original's sake."""
    if not is_plain_index(index):
        from vineyard.data.extensions import plan_other_index

        return plan_other_index(index, planning)
    draft = Draft("vineyard::Index", name=to_json(index.name), value_type_=index.dtype.name)
    if isinstance(index, pd.RangeIndex):
        draft.tree[RANGE] = to_json([index.start, index.stop, index.step])
    draft.add("value_", plan_array(index.to_numpy(), planning))
    return draft


def plan_series(series: Any, planning: Planning) -> Draft:
    """A series."""
    plain = isinstance(series.dtype, np.dtype) and is_plain_dtype(series.dtype) and _is_label(series.name)
    if not plain or not is_plain_index(series.index):
        from vineyard.data.extensions import plan_other_series

        return plan_other_series(series, planning)
    draft = Draft("vineyard::Series", name=to_json(series.name))
    draft.add("index_", plan_index(series.index, planning))
    draft.add("value_", planning.member(series.to_numpy(), **planning.options))
    return draft


def plan_frame(frame: Any, planning: Planning) -> Draft:
    """A frame: each column goes into a blob of its own, straight from where pandas has it."""
    options = planning.options
    plain = is_plain_columns(frame.columns) and is_plain_index(frame.index) and not frame.attrs
    if not plain or not all(is_plain_dtype(dtype) for dtype in frame.dtypes):
        from vineyard.data.extensions import plan_other_frame

        return plan_other_frame(frame, planning)
    index = options.get("partition_index", [-1, -1])
    draft = Draft(
        "vineyard::DataFrame",
        columns_=to_json(frame.columns.values.tolist()),
        partition_index_row_=index[0],
        partition_index_column_=index[1],
        row_batch_index_=options.get("row_batch_index", 0),
    )
    draft.tree["__values_-size"] = frame.shape[1]
    if frame.columns.name is not None:
        draft.tree[COLUMNS_NAME] = to_json(frame.columns.name)
    draft.add("index_", plan_index(frame.index, planning))
    for position, (name, series) in enumerate(frame.items()):
        draft.tree[f"__values_-key-{position}"] = to_json(name)
        draft.add(f"__values_-value-{position}", _plan_column(series, planning))
    return draft


def _plan_column(series: Any, planning: Planning) -> Any:
    if not isinstance(series.dtype, np.dtype):
        return plan_sparse(series.array, planning)
    if series.dtype.kind in "Mm":
        # The original stores the array of pandas; its numbers are written without a copy all the same.
        return plan_pickle(series.array, Planning(planning.client, planning.context, {}))
    return planning.member(series.to_numpy())


def plan_sparse(array: Any, planning: Planning) -> Draft:
    """A sparse array: its values and their places."""
    kind, (size, places, *more) = array.sp_index.__reduce__()
    draft = Draft(
        f"vineyard::SparseArray<{array.dtype.name}>",
        value_type_=array.dtype.name,
        sp_index_name=kind.__name__,
        sp_index_size=size,
    )
    if more:
        return plan_pickle(array, Planning(planning.client, planning.context, {}))
    draft.add("sp_index", plan_array(np.asarray(places), planning))
    draft.add("sp_values", plan_array(np.asarray(array.sp_values), planning))
    return draft


_BUILDERS = {
    pd.DataFrame: Planner(plan_frame),
    pd.Series: Planner(plan_series),
    pd.Index: Planner(plan_index),
    pd.arrays.SparseArray: Planner(plan_sparse),
}


def builder_of(kind: type) -> Planner | None:
    """Builder of exactly this type."""
    if issubclass(kind, pd.api.extensions.ExtensionArray) and kind not in _BUILDERS:
        from vineyard.data.extensions import array_builder

        return array_builder(kind)
    return _BUILDERS.get(kind)


def resolve_index(obj: Any, resolver: Any) -> Any:
    """An index."""
    tree = obj.meta.tree
    name = from_json(tree["name"])
    if RANGE in tree:
        return pd.RangeIndex(*from_json(tree[RANGE]), name=name)
    value = resolver.run(obj.member("value_"))
    dtype = tree["value_type_"]
    if dtype == "object" or (isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS):
        return pd.Index(value, dtype=value.dtype, name=name, copy=False)
    return pd.Index(value, dtype="int32" if dtype == "int" else dtype, name=name)


def resolve_series(obj: Any, resolver: Any) -> Any:
    """A series."""
    value = resolver.run(obj.member("value_"))
    index = resolver.run(obj.member("index_"))
    return pd.Series(value, index=index, name=from_json(obj.meta["name"]), copy=False, dtype=_dtype_kept(value))


def _dtype_kept(value: Any) -> Any:
    """Dtype that keeps text of objects from becoming something else."""
    return value.dtype if isinstance(value, np.ndarray) and value.dtype.kind == "O" else None


def resolve_frame(obj: Any, resolver: Any) -> Any:
    """A frame whose columns look at shared memory."""
    meta = obj.meta
    tree = meta.tree
    names = [_name(from_json(tree[f"__values_-key-{position}"])) for position in range(int(tree["__values_-size"]))]
    columns = [resolver.run(obj.member(f"__values_-value-{position}")) for position in range(len(names))]
    index = resolver.run(obj.member("index_")) if "index_" in tree else None
    frame = frame_of(columns, index)
    if names:
        named = from_json(tree[COLUMNS_NAME]) if COLUMNS_NAME in tree else None
        frame.columns = pd.Index(names, name=named)
    return frame


def _name(name: Any) -> Any:
    return tuple(name) if isinstance(name, list) else name


def frame_of(columns: list[Any], index: Any) -> Any:
    """A frame of columns that are not copied, numbered."""
    if not columns:
        return pd.DataFrame(index=index)
    block = _joined(columns)
    if block is not None:
        return pd.DataFrame(block.T, index=index, copy=False)
    given = {}
    for position, column in enumerate(columns):
        if getattr(column, "ndim", 1) > 1:
            column = pd.Series(list(column), index=index, dtype=object)
        elif isinstance(column, np.ndarray) and column.dtype.kind == "O":
            column = pd.Series(column, index=index, dtype=object, copy=False)
        given[position] = column
    return pd.DataFrame(given, index=index, copy=False)


class _Neighbours:
    """Columns that lie one after the other in memory, as one array: it keeps all of them."""

    def __init__(self, columns: list[Any], pitch: int) -> None:
        first = columns[0]
        self.columns = columns
        self.__array_interface__ = {
            "shape": (len(columns), first.size),
            "typestr": first.dtype.str,
            "data": (address_of(first), True),
            "strides": (pitch, first.itemsize),
            "version": 3,
        }


def _joined(columns: list[Any]) -> Any:
    """One array of all columns, in rows, where they are numbers of one dtype at equal distances; otherwise None.

    A store gives blobs of one size that are asked for together places one after the other. pandas and what computes
    with its frames take one array as it is, and would copy columns that are each for themselves.
    """
    first = columns[0]
    if len(columns) < 2 or not isinstance(first, np.ndarray) or first.dtype.kind not in _NUMBERS:
        return None
    if first.flags.writeable or not first.size:
        return None
    if not all(
        isinstance(column, np.ndarray)
        and column.dtype == first.dtype
        and column.shape == (first.size,)
        and column.flags.c_contiguous
        and not column.flags.writeable
        for column in columns
    ):
        return None
    addresses = [address_of(column) for column in columns]
    pitch = addresses[1] - addresses[0]
    if not first.nbytes <= pitch < first.nbytes + _ALIGNMENT or pitch % first.itemsize:
        return None
    if any(after - before != pitch for before, after in zip(addresses, addresses[1:])):
        return None
    return np.asarray(_Neighbours(columns, pitch))


def resolve_sparse(obj: Any, resolver: Any) -> Any:
    """A sparse array."""
    meta = obj.meta
    kind = getattr(pd._libs.sparse, meta["sp_index_name"])
    places = kind(meta["sp_index_size"], resolver.run(obj.member("sp_index")))
    values = resolver.run(obj.member("sp_values"))
    return pd.arrays.SparseArray(values, sparse_index=places, dtype=meta["value_type_"])


def resolve_global(obj: Any, resolver: Any) -> list[Any]:
    """The frames of a global frame that this store has."""
    meta = obj.meta
    members = [meta.get_member(f"partitions_-{index}") for index in range(int(meta["partitions_-size"]))]
    local = [member for member in members if member.meta.islocal]
    orders = [member.meta["row_batch_index_"] for member in local if "row_batch_index_" in member.meta]
    if orders != sorted(orders):
        raise ValueError(f"the parts of a global frame are not in order: {orders}")
    return [resolver.run(member) for member in local]


RESOLVERS = {
    "vineyard::Index": resolve_index,
    "vineyard::Series": resolve_series,
    "vineyard::DataFrame": resolve_frame,
    "vineyard::GlobalDataFrame": resolve_global,
    "vineyard::SparseArray": resolve_sparse,
}
