"""Columns, indexes and frames of pandas that the original cannot read: text, categories, missing values, time zones, …

Each array of pandas is stored as its parts, so that they can be looked at without a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, Member
from vineyard.data.frames import frame_of, plan_index, plan_sparse
from vineyard.data.json_text import from_json, to_json
from vineyard.data.pickles import plan_pickle
from vineyard.data.tensor import plan_array

_MASKED = {"Int", "UInt", "Float", "boolean"}


def plan_values(values: Any, planning: Planning) -> Member:
    """The values of a column or an index."""
    bare = Planning(planning.client, planning.context, {})
    if isinstance(values, np.ndarray):
        return bare.member(values)
    if isinstance(values, pd.arrays.SparseArray):
        return plan_sparse(values, bare)
    planner = _planner_of(values)
    return plan_pickle(values, bare) if planner is None else planner(values, bare)


def _planner_of(values: Any) -> Any:
    if isinstance(values, pd.Categorical):
        return _plan_categories
    if isinstance(values, (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray)):
        return _plan_instants
    if isinstance(values, (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)):
        return _plan_masked
    if isinstance(values, pd.arrays.PeriodArray):
        return _plan_periods
    if isinstance(values, pd.arrays.IntervalArray):
        return _plan_intervals
    if isinstance(values.dtype, (pd.StringDtype, getattr(pd, "ArrowDtype", ()))):
        return _plan_arrow
    return None


def _draft(kind: str, values: Any, **fields: Any) -> Draft:
    return Draft("vineyardctl::Array", kind_=kind, nbytes=int(values.nbytes), **fields)


def _plan_categories(values: Any, planning: Planning) -> Draft:
    draft = _draft("categories", values, ordered_=bool(values.ordered))
    draft.add("codes_", plan_array(np.asarray(values.codes), planning))
    draft.add("categories_", plan_index(values.categories, planning))
    return draft


def _plan_instants(values: Any, planning: Planning) -> Draft:
    draft = _draft("instants", values, dtype_=str(values.dtype))
    draft.add("values_", plan_array(np.asarray(values.view("i8")), planning))
    return draft


def _plan_masked(values: Any, planning: Planning) -> Draft:
    draft = _draft("masked", values, dtype_=str(values.dtype))
    draft.add("values_", plan_array(values._data, planning))
    draft.add("mask_", plan_array(values._mask, planning))
    return draft


def _plan_periods(values: Any, planning: Planning) -> Draft:
    draft = _draft("periods", values, dtype_=str(values.dtype))
    draft.add("values_", plan_array(values.asi8, planning))
    return draft


def _plan_intervals(values: Any, planning: Planning) -> Draft:
    draft = _draft("intervals", values, closed_=values.closed)
    draft.add("left_", plan_index(values.left, planning))
    draft.add("right_", plan_index(values.right, planning))
    return draft


def _plan_arrow(values: Any, planning: Planning) -> Draft:
    dtype = values.dtype
    fields = {"dtype_": "arrow"}
    if isinstance(dtype, pd.StringDtype):
        missing = getattr(dtype, "na_value", pd.NA)
        fields = {"dtype_": "string", "storage_": dtype.storage, "missing_": "nan" if missing is not pd.NA else "NA"}
        if dtype.storage == "python":
            # None is what Arrow, and a pickle of any version of pandas, has for a missing text.
            items = values.to_numpy(object, na_value=None)
            draft = _draft("text", values, **fields)
            draft.add("values_", planning.member(items))
            return draft
    import pyarrow as pa

    from vineyard.data.arrow import plan_stream

    column = values.__arrow_array__()
    draft = _draft("arrow", values, **fields)
    draft.add("values_", plan_stream(pa.table({"": column}), "chunked"))
    return draft


def array_builder(kind: type) -> Planner:
    """Builder of arrays of pandas that stand alone: the original reads pickles of those that it knows."""
    plain = (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray, pd.arrays.IntervalArray)
    return Planner(plan_pickle if issubclass(kind, plain) else plan_values)  # type: ignore[arg-type]


def plan_labels(labels: Any, planning: Planning) -> Member:
    """Names, of columns or of levels: any values that can be hashed."""
    return plan_pickle(labels, Planning(planning.client, planning.context, {}))


def plan_other_index(index: Any, planning: Planning) -> Draft:
    """An index with several levels, or of values that the original cannot read."""
    draft = Draft("vineyardctl::Index")
    draft.add("names_", plan_labels(list(index.names), planning))
    if isinstance(index, pd.MultiIndex):
        draft.tree["levels_"] = index.nlevels
        for position in range(index.nlevels):
            draft.add(f"level_-{position}", plan_index(index.levels[position].rename(None), planning))
            draft.add(f"codes_-{position}", plan_array(np.asarray(index.codes[position]), planning))
        return draft
    if isinstance(index, pd.RangeIndex):
        draft.tree["range_"] = to_json([index.start, index.stop, index.step])
        return draft
    values = index.array
    if isinstance(index.dtype, np.dtype) and index.dtype.kind not in "Mm":
        values = index.to_numpy()
    draft.add("value_", plan_values(values, planning))
    return draft


def plan_other_series(series: Any, planning: Planning) -> Draft:
    """A series that the original cannot read."""
    draft = Draft("vineyardctl::Series")
    draft.add("name_", plan_labels(series.name, planning))
    draft.add("index_", plan_index(series.index, planning))
    draft.add("value_", plan_values(_values_of(series), planning))
    return draft


def _values_of(series: Any) -> Any:
    is_array = isinstance(series.dtype, np.dtype) and series.dtype.kind not in "Mm"
    return series.to_numpy() if is_array else series.array


def plan_other_frame(frame: Any, planning: Planning) -> Draft:
    """A frame that the original cannot read."""
    draft = Draft("vineyardctl::DataFrame", column_count_=frame.shape[1])
    draft.add("columns_", plan_labels(frame.columns, planning))
    draft.add("index_", plan_index(frame.index, planning))
    if frame.attrs:
        draft.add("attributes_", plan_labels(frame.attrs, planning))
    for position, (_, series) in enumerate(frame.items()):
        draft.add(f"value_-{position}", plan_values(_values_of(series), planning))
    return draft


def resolve_array(obj: Any, resolver: Any) -> Any:
    """An array of pandas."""
    meta = obj.meta
    kind = meta["kind_"]

    def part(name: str) -> Any:
        return resolver.run(obj.member(name))

    if kind == "categories":
        return pd.Categorical.from_codes(part("codes_"), part("categories_"), ordered=meta["ordered_"])
    if kind == "intervals":
        return pd.arrays.IntervalArray.from_arrays(part("left_"), part("right_"), closed=meta["closed_"], copy=False)
    if kind == "arrow":
        return _arrow(part("values_"), meta)
    if kind == "text":
        return pd.array(part("values_"), dtype=_text_dtype(meta))
    dtype = pd.api.types.pandas_dtype(meta["dtype_"])
    values = part("values_")
    if kind == "instants":
        return _instants(values, dtype)
    if kind == "periods":
        return (
            pd.PeriodIndex.from_ordinals(values, freq=dtype.freq).array
            if hasattr(pd.PeriodIndex, "from_ordinals")
            else pd.arrays.PeriodArray(values, dtype=dtype)
        )
    return dtype.construct_array_type()(values, part("mask_"))


def _instants(values: Any, dtype: Any) -> Any:
    if isinstance(dtype, np.dtype):
        return pd.Index(values.view(dtype), copy=False).array
    naive = pd.DatetimeIndex(values.view(f"M8[{dtype.unit}]"), copy=False)
    return naive.tz_localize("UTC").tz_convert(dtype.tz).array


def _text_dtype(meta: Any) -> Any:
    if meta["missing_"] == "nan":
        try:
            return pd.StringDtype(meta["storage_"], na_value=np.nan)
        except TypeError:
            return pd.StringDtype(meta["storage_"])
    return pd.StringDtype(meta["storage_"])


def _arrow(column: Any, meta: Any) -> Any:
    if meta["dtype_"] == "arrow":
        return pd.arrays.ArrowExtensionArray(column)
    return _text_dtype(meta).__from_arrow__(column)


def resolve_index(obj: Any, resolver: Any) -> Any:
    """An index."""
    meta = obj.meta
    names = resolver.run(obj.member("names_"))
    if "levels_" in meta:
        count = range(int(meta["levels_"]))
        levels = [resolver.run(obj.member(f"level_-{position}")) for position in count]
        codes = [resolver.run(obj.member(f"codes_-{position}")) for position in count]
        return pd.MultiIndex(levels=levels, codes=codes, names=names, verify_integrity=False)
    if "range_" in meta:
        return pd.RangeIndex(*from_json(meta["range_"]), name=names[0])
    value = resolver.run(obj.member("value_"))
    if isinstance(value, np.ndarray):
        return pd.Index(value, dtype=value.dtype, name=names[0], copy=False)
    return pd.Index(value, name=names[0], copy=False)


def resolve_series(obj: Any, resolver: Any) -> Any:
    """A series."""
    value = resolver.run(obj.member("value_"))
    index, name = resolver.run(obj.member("index_")), resolver.run(obj.member("name_"))
    dtype = value.dtype if isinstance(value, np.ndarray) else None
    return pd.Series(value, index=index, name=name, dtype=dtype, copy=False)


def resolve_frame(obj: Any, resolver: Any) -> Any:
    """A frame whose columns look at shared memory."""
    meta = obj.meta
    columns = [resolver.run(obj.member(f"value_-{position}")) for position in range(int(meta["column_count_"]))]
    frame = frame_of(columns, resolver.run(obj.member("index_")))
    frame.columns = resolver.run(obj.member("columns_"))
    if "attributes_" in meta:
        frame.attrs = resolver.run(obj.member("attributes_"))
    return frame


RESOLVERS = {
    "vineyardctl::Array": resolve_array,
    "vineyardctl::Index": resolve_index,
    "vineyardctl::Series": resolve_series,
    "vineyardctl::DataFrame": resolve_frame,
}
