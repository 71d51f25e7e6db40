"""Arrays of NumPy."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, Member, part_of_array
from vineyard.data.json_text import from_json, to_json
from vineyard.data.pickles import BUFFERS, load_pickle, part_of_pickle, plan_pickle

DTYPE = "vineyardctl_dtype_"
"""Field with the dtype of an array of text, which the original forgets."""

_CPP_NAMES = {"int32": "int", "float32": "float", "float64": "double"}
_NUMPY_NAMES = {
    "i32": "int32",
    "int": "int32",
    "int32_t": "int32",
    "u32": "uint32",
    "uint": "uint32",
    "uint_t": "uint32",
    "uint32_t": "uint32",
    "i64": "int64",
    "long long": "int64",
    "int64_t": "int64",
    "u64": "uint64",
    "uint64_t": "uint64",
    "double": "float64",
    "float": "float64",
}
_FORTRAN = '"F"'
_TEXT_NAMES = ("str", "string", "std::string", "std::__1::string")


_describe: Any = np.lib.format.dtype_to_descr
_described: Any = np.lib.format.descr_to_dtype
_names: dict[Any, tuple[str, str, str]] = {}


def names_of(dtype: Any) -> tuple[str, str, str]:
    """Names of a dtype: that of NumPy, that in type names, and the short one. NumPy takes long to make them."""
    found = _names.get(dtype)
    if found is None:
        found = (dtype.name, _CPP_NAMES.get(dtype.name, dtype.name), dtype.str)
        if len(_names) < 4096:
            _names[dtype] = found
    return found


def plan_array(value: Any, planning: Planning) -> Draft:
    """An array of any dtype."""
    if type(value) is not np.ndarray:
        if isinstance(value, np.ma.MaskedArray):
            return plan_pickle(value, planning)
        value = np.asarray(value)
    dtype = value.dtype
    if dtype.kind in "OU":
        text = _plan_text(value, planning)
        if text is not None:
            return text
    if dtype.kind == "T":
        return _plan_string_dtype(value)
    if dtype.kind in "SV" or (dtype.byteorder == ">" and dtype.kind not in "O"):
        return _plan_other(value)
    draft = _draft(value, f"vineyard::Tensor<{names_of(dtype)[1]}>", planning.options)
    if dtype.kind == "O":
        part, places = part_of_pickle(value)
        if places:
            draft.tree[BUFFERS] = to_json(places)
        draft.add("buffer_", part)
    else:
        draft.add("buffer_", part_of_array(value))
    return draft


def _draft(value: Any, typename: str, options: dict[str, Any]) -> Draft:
    name, _, short = names_of(value.dtype)
    return Draft(
        typename,
        shape_=f"[{', '.join(map(str, value.shape))}]",
        partition_index_=to_json(options["partition_index"]) if "partition_index" in options else "[]",
        nbytes=value.nbytes,
        order_='"C"' if value.flags.c_contiguous else _FORTRAN,
        value_type_=name,
        value_type_meta_=short,
    )


def _plan_text(value: Any, planning: Planning) -> Draft | None:
    """Text as Arrow has it, where Arrow is there and takes it; pickles and plain arrays else."""
    if value.ndim != 1:
        return None
    try:
        from vineyard.data.arrow import plan_text_column
    except ImportError:
        return None
    column: Member | None = plan_text_column(value)
    if column is None:
        return None
    draft = _draft(value, "vineyard::Tensor<std::string>", planning.options)
    draft.tree.update(value_type_="string", value_type_meta_="str")
    if value.dtype.kind == "U":
        draft.tree[DTYPE] = value.dtype.str
    draft.add("buffer_", column)
    return draft


def _plan_other(value: Any) -> Draft:
    """Structures, bytes of fixed length and foreign byte orders, which the original misreads."""
    draft = Draft(
        "vineyardctl::Tensor",
        shape_=to_json(value.shape),
        nbytes=value.nbytes,
        dtype_=to_json(_describe(value.dtype)),
    )
    draft.add("buffer_", part_of_array(value))
    return draft


def _plan_string_dtype(value: Any) -> Draft:
    """Text of NumPy's StringDType, as UTF-8 with offsets; a missing value has the offset before it and a mark."""
    flat = value.ravel().astype(object)
    missing = np.array([not isinstance(item, str) for item in flat], np.bool_)
    encoded = [b"" if absent else item.encode() for item, absent in zip(flat, missing)]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(item) for item in encoded], out=offsets[1:])
    has_missing = hasattr(value.dtype, "na_object")
    draft = Draft(
        "vineyardctl::Tensor<StringDType>",
        shape_=to_json(value.shape),
        nbytes=int(offsets[-1]) + offsets.nbytes,
        missing_="none" if not has_missing else "nan" if isinstance(value.dtype.na_object, float) else "None",
    )
    draft.add("offsets_", part_of_array(offsets))
    draft.add("buffer_", part_of_array(np.frombuffer(b"".join(encoded), np.uint8)))
    draft.add("missing_bytes_", part_of_array(missing))
    return draft


_BUILDER = Planner(plan_array)


def builder_of(kind: type) -> Planner | None:
    """Builder of arrays."""
    return _BUILDER if kind is np.ndarray else None


def dtype_of(name: str, text: str | None = None) -> Any:
    """Dtype of the original's names."""
    if name.startswith("str") and text is not None:
        return np.dtype(text)
    return np.dtype(_NUMPY_NAMES.get(name, name))


def bytes_as(blob: Any, dtype: Any, shape: Any) -> Any:
    """A blob as an array, without a copy."""
    count = math.prod(shape)
    if count == 0 or not len(blob):
        array = np.zeros(shape, dtype)
        array.flags.writeable = False
        return array
    return np.ndarray(shape, dtype, blob)


def resolve_tensor(obj: Any, resolver: Any) -> Any:
    """An array."""
    tree = obj.meta.tree
    name = tree["value_type_"]
    if name in _TEXT_NAMES:
        from vineyard.data.arrow import resolve_text

        array = resolve_text(obj.member("buffer_")).to_numpy(zero_copy_only=False)
        return array.astype(tree[DTYPE]) if DTYPE in tree else array
    blob = obj.member("buffer_")
    if name == "object":
        return load_pickle(blob, len(blob), from_json(tree[BUFFERS]) if BUFFERS in tree else None)
    array = bytes_as(blob, dtype_of(name, tree.get("value_type_meta_")), tuple(from_json(tree["shape_"])))
    if array.ndim < 2 or tree.get("order_") != _FORTRAN:
        return array
    # The bytes are in C order all the same, so the order costs a copy; the original makes it, too.
    array = np.asfortranarray(array)
    array.flags.writeable = False
    return array


def resolve_vector(obj: Any, resolver: Any) -> Any:
    """A vector that was stored from C++."""
    match = re.match(r"vineyard::Array<([^>]+)>", obj.typename)
    dtype = dtype_of(match[1] if match else "uint8")
    blob = obj.member("buffer_")
    return bytes_as(blob, dtype, (len(blob) // dtype.itemsize,))


def resolve_other(obj: Any, resolver: Any) -> Any:
    """An array of what the original misreads."""
    tree = obj.meta.tree
    shape = tuple(from_json(tree["shape_"]))
    if tree["typename"] == "vineyardctl::Tensor<StringDType>":
        return _string_dtype(obj, shape)
    return bytes_as(obj.member("buffer_"), _described(_descr(from_json(tree["dtype_"]))), shape)


def _descr(told: Any) -> Any:
    """Description of a dtype: JSON has no tuples."""
    if isinstance(told, str):
        return told
    fields = []
    for field in told:
        name = tuple(field[0]) if isinstance(field[0], list) else field[0]
        fields.append((name, _descr(field[1]), *(tuple(one) for one in field[2:])))
    return fields


def _string_dtype(obj: Any, shape: tuple[int, ...]) -> Any:
    offsets = np.frombuffer(obj.member("offsets_").buffer, np.int64)
    text = obj.member("buffer_").buffer
    missing = np.frombuffer(obj.member("missing_bytes_").buffer, np.bool_)
    absent = {"nan": np.nan, "None": None, "none": ""}[obj.meta["missing_"]]
    items = [
        absent if missing[index] else str(text[offsets[index] : offsets[index + 1]], "utf-8")
        for index in range(len(offsets) - 1)
    ]
    kind = getattr(getattr(np, "dtypes", None), "StringDType", None)
    if kind is None:
        return np.array(items, object).reshape(shape)
    dtype = kind() if obj.meta["missing_"] == "none" else kind(na_object=absent)
    return np.array(items, dtype).reshape(shape)


RESOLVERS = {
    "vineyard::Tensor": resolve_tensor,
    "vineyard::Array": resolve_vector,
    "vineyardctl::Tensor": resolve_other,
}
