"""Values that both clients know, by name. Both processes make them anew and compare what they read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse


def make_values():
    """All values by name."""
    dtypes = (
        "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 complex64 complex128".split()
    )
    dtypes += ["datetime64[ns]", "datetime64[D]", "timedelta64[s]"]
    frame = pd.DataFrame({"a": np.arange(5), "b": np.linspace(0, 1, 5), "c": [True, False] * 2 + [True]})
    matrix = scipy.sparse.random(6, 4, density=0.5, format="csr", random_state=1)
    table = pa.table({"n": pa.array([1, None, 3]), "x": [0.5, 1.5, 2.5], "l": pa.array([[1], [2, 3], []])})
    return {
        "int": 42,
        "negative int": -7,
        "float": 1.5,
        "text": "hé ☃ \n",
        "empty text": "",
        "bytes": b"abc" * 100,
        "empty bytes": b"",
        "tuple": (1, "x", (2.5, b"y")),
        "dict": {"a": [1, 2], "b": {"c": None}},
        "set": {1, 2},
        "none": None,
        "bytearray": bytearray(b"xyz"),
        "large array in a dict": {"w": np.arange(40_000.0), "n": 3, "v": (np.ones((300, 300), order="F"),)},
        "large read-only array in a list of dicts": {"r": np.frombuffer(bytes(range(256)) * 400, np.uint8)},
        **{f"array of {name}": np.arange(12).astype("int64").astype(name).reshape(3, 4) for name in dtypes},
        "empty array": np.zeros((0, 3)),
        "array of no dimension": np.array(5.0),
        "array in Fortran order": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "array with steps": np.arange(10)[::2],
        "transposed array": np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0),
        "array of texts": np.array(["a", "βγ", ""], dtype=object),
        "array of texts and None": np.array(["a", None], dtype=object),
        "table of texts": np.array([["a", "b"], ["c", "d"]]),
        "array of objects": np.array([{"k": 1}, 2, "z"], dtype=object),
        "array of byte strings": np.array([b"k", b"\xff"], dtype=object),
        "frame": frame,
        "frame with texts": pd.DataFrame({"t": np.array(["x", None, "z"], object), 1: [1, 2, 3]}),
        "frame with an index": frame.set_index(pd.Index([5, 4, 3, 2, 1], name="i")),
        "frame with texts as index": frame.set_index(np.array(list("vwxyz"), object)),
        "frame with instants": pd.DataFrame({"t": pd.date_range("2026", periods=3), "n": [1, 2, 3]}),
        "frame with durations": pd.DataFrame({"d": pd.to_timedelta([1, 2, 3])}),
        "frame with instants as index": frame.set_index(pd.date_range("2026", periods=5)),
        "frame without columns": pd.DataFrame(),
        "frame without rows": pd.DataFrame({"a": np.zeros(0), "b": np.zeros(0, "int64")}),
        "frame with columns of one name": pd.DataFrame([[1, 2.5]], columns=["a", "a"]),
        "sparse frame": pd.DataFrame({"s": pd.arrays.SparseArray([0.0, 0.0, 1.0])}),
        "series": pd.Series([1.0, 2.0], name="s"),
        "series of instants": pd.Series(pd.date_range("2026", periods=2)),
        "index": pd.Index([1, 2, 3], name="n"),
        "index of instants": pd.DatetimeIndex(["2026-01-01", "2026-05-01"]),
        **{f"{name} matrix": matrix.asformat(name) for name in ("csr", "csc", "coo", "bsr", "dia")},
        "arrow integers": pa.array([1, None, 3]),
        "arrow slice": pa.array([1, 2, 3, 4])[1:3],
        "arrow truths": pa.array([True, None, False]),
        "arrow texts": pa.array(["a", None, "c"], pa.large_string()),
        "arrow nulls": pa.nulls(3),
        "arrow schema": pa.schema([("a", pa.int64()), ("b", pa.large_string())], metadata={"k": "v"}),
        "record batch": table.to_batches()[0],
        "table": table,
        "table of two parts": pa.concat_tables([table, table]),
    }


def normalize(value):
    """What the original's formats keep of a value: lists become tuples, and narrow lists and texts wide ones."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return tuple(normalize(item) for item in value)
    if isinstance(value, (pa.RecordBatch, pa.Table)):
        return value.cast(pa.schema([pa.field(one.name, _wide(one.type)) for one in value.schema]))
    return value


def _wide(kind):
    if pa.types.is_string(kind):
        return pa.large_string()
    return pa.large_list(kind.value_type) if pa.types.is_list(kind) else kind


def assert_same(got, expected):
    """Compare two values of any type."""
    got, expected = normalize(got), normalize(expected)
    if isinstance(expected, pd.DataFrame):
        if expected.shape[1] == 0:
            assert got.shape == expected.shape
        else:
            pd.testing.assert_frame_equal(got, expected, check_freq=False, check_index_type="equiv")
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(got, expected, check_freq=False)
    elif isinstance(expected, pd.Index):
        pd.testing.assert_index_equal(got, expected, exact="equiv")
    elif scipy.sparse.issparse(expected):
        assert type(got) is type(expected) and (got != expected).nnz == 0
    elif isinstance(expected, np.ndarray):
        assert got.shape == expected.shape
        assert got.flags.f_contiguous or not expected.flags.f_contiguous or expected.dtype.kind in "OU"
        if expected.dtype.kind != "U":
            assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    elif isinstance(expected, dict):
        assert list(got) == list(expected)
        for key, item in expected.items():
            assert_same(got[key], item)
    elif isinstance(expected, tuple):
        assert type(got) is tuple and len(got) == len(expected)
        for one, other in zip(got, expected):
            assert_same(one, other)
    elif isinstance(expected, pa.Schema):
        assert got.equals(expected, check_metadata=True)
    else:
        assert type(got) is type(expected) and got == expected, f"{got!r} is not {expected!r}"
