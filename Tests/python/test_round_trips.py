"""Round trips of values that hypothesis makes up: dtypes, shapes, orders, steps, and values in values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def strided(draw):
    """Arrays of any dtype that are contiguous in any order, or not at all."""
    dtype = draw(
        st.one_of(
            arrays.scalar_dtypes(),
            arrays.byte_string_dtypes(max_len=5),
            arrays.unicode_string_dtypes(max_len=5),
            arrays.array_dtypes(max_size=3),
        )
    )
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
    value = draw(arrays.arrays(dtype, shape, fill=st.nothing()))
    if value.ndim:
        value = value[tuple(slice(None, None, draw(st.sampled_from([1, 2, -1]))) for _ in range(value.ndim))]
        value = value.transpose(draw(st.permutations(range(value.ndim))))
    return value


@QUICK
@given(value=strided())
def test_given_any_array_when_read_then_dtype_shape_and_bytes_are_the_same(client, value):
    got = client.get(client.put(value))
    assert got.dtype == value.dtype and got.shape == value.shape
    if value.dtype.kind == "U":
        # Text is stored as text: NULs at the end are no part of it in either.
        assert (got == value).all()
    else:
        assert got.tobytes() == value.tobytes()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(max_size=20),
    st.complex_numbers(allow_nan=False),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.frozensets(scalars, max_size=3),
    ),
    max_leaves=12,
)


def as_read(value):
    """Lists are read as tuples, and bytes outside of pickles as memoryviews."""
    if isinstance(value, list):
        return tuple(as_read(item) for item in value)
    return memoryview(value) if isinstance(value, bytes) else value


@QUICK
@given(value=values)
def test_given_any_value_when_read_then_it_is_the_same(client, value):
    assert client.get(client.put(value)) == as_read(value)


@QUICK
@given(data=st.data(), rows=st.integers(0, 8), names=st.lists(st.text(max_size=4), max_size=5))
def test_given_any_frame_when_read_then_it_is_the_same(client, data, rows, names):
    kinds = ["f8", "f4", "i8", "u1", "bool", "M8[ns]", "m8[ns]", "object", "Int64", "category", "string"]
    columns = []
    for _ in names:
        kind = data.draw(st.sampled_from(kinds))
        numbers = data.draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows))
        items = [str(one) for one in numbers] if kind in ("object", "string", "category") else numbers
        columns.append(pd.Series(items, dtype="i8" if kind in ("M8[ns]", "m8[ns]") else kind))
        if kind in ("M8[ns]", "m8[ns]"):
            columns[-1] = pd.Series(np.array(items, "i8").view(kind))
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    if columns:
        frame.columns = pd.Index(names, dtype=object)
    got = client.get(client.put(frame))
    pd.testing.assert_frame_equal(got, frame, check_column_type=False, check_freq=False)


@QUICK
@given(sizes=st.lists(st.integers(0, 300_000), max_size=4), text=st.text(max_size=10))
def test_given_a_pickle_with_buffers_of_any_size_when_read_then_it_is_the_same(client, sizes, text):
    rng = np.random.default_rng(len(sizes))
    value = {"t": text, "a": [rng.integers(0, 255, size, np.uint8) for size in sizes], "same": None}
    value["same"] = value["a"][0] if sizes else None
    target = client.put(value)
    got = client.get(target)
    assert got["t"] == text and all((one == other).all() for one, other in zip(got["a"], value["a"]))
    if sizes:
        assert got["same"] is got["a"][0]
    # Any other reader of pickles makes the same of it.
    import pickle

    plain = pickle.loads(client.get_object(target).member("buffer_").buffer)
    assert all((one == other).all() and one.flags.writeable for one, other in zip(plain["a"], value["a"]))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("size", [3_000, 6_000])
def test_given_a_large_array_when_several_threads_copy_it_then_it_is_the_same(client, size, order):
    value = np.asarray(np.arange(size * 1000.0).reshape(size, 1000), order=order)
    assert (client.get(client.put(value)) == value).all()
    assert (client.get(client.put(value[::2, 1:])) == value[::2, 1:]).all()
