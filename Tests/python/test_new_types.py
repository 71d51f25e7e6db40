"""Types that the released client cannot do: round trips, and what it says when it meets them."""

import datetime
import decimal
import enum
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from values import assert_same

STRUCTURE = np.dtype([("a", "<i4"), ("b", ">f8", (2,)), ("c", "S3")])


def arrays():
    values = {
        "structures": np.zeros(4, STRUCTURE),
        "big endian": np.arange(5, dtype=">i4"),
        "bytes": np.array([b"a", b"bcd"]),
        "raw": np.frombuffer(b"abcdefgh", "V4"),
    }
    if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
        values["strings"] = np.array(["a", "βγδ" * 20, ""], np.dtypes.StringDType())
        values["strings with none"] = np.array(["a", None], np.dtypes.StringDType(na_object=None))
    return values


@pytest.mark.parametrize("name", arrays())
def test_given_an_array_when_read_then_dtype_and_values_are_the_same(client, name):
    value = arrays()[name]
    got = client.get(client.put(value))
    assert got.dtype == value.dtype and got.shape == value.shape
    assert got.tobytes() == value.tobytes() if value.dtype.kind != "T" else got.tolist() == value.tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2**70, -(2**64), "\ud800", True, [True, 2**64 - 1]])
def test_given_a_value_that_json_does_not_have_when_read_then_it_is_the_same(client, released, value):
    target = client.put(value)
    got = client.get(target)
    assert got == value or got == tuple(value if isinstance(value, list) else ()) or got != got
    assert type(got) is type(value) or isinstance(value, list)
    assert released.ask("type", None, repr(target)) in ("float", "int", "str", "tuple")


class Colour(str, enum.Enum):  # noqa: UP042 - Python 3.9 has no other
    """A text that is something else, too."""

    RED = "red"


def test_given_kinds_of_text_numbers_and_arrays_when_read_then_their_values_are_the_same(client):
    assert client.get(client.put(Colour.RED)) == "red"
    assert client.get(client.put(enum.IntEnum("Level", "LOW HIGH").HIGH)) == 2
    masked = np.ma.masked_array([1, 2, 3], [False, True, False])
    got = client.get(client.put(masked))
    assert got.mask.tolist() == masked.mask.tolist() and got.sum() == 4


def columns():
    instants = pd.date_range("2026-03-28", periods=4, freq="12h", tz="Europe/Berlin")
    values = {
        "nullable integers": pd.array([1, None, 3, 4], dtype="Int64"),
        "nullable small integers": pd.array([1, None, 3, 4], dtype="UInt8"),
        "nullable floats": pd.array([0.5, None, 1.5, 2.5], dtype="Float64"),
        "nullable truths": pd.array([True, None, False, True], dtype="boolean"),
        "categories": pd.Categorical(["b", "a", None, "b"], categories=["a", "b", "c"], ordered=True),
        "categories of numbers": pd.Categorical([3, 1, 3, 1]),
        "instants of a zone": pd.array(instants),
        "periods": pd.array(pd.period_range("2026-01", periods=4, freq="M")),
        "intervals": pd.arrays.IntervalArray.from_breaks([0, 1, 2, 5, 7], closed="left"),
        "text of arrow": pd.array(["a", None, "ccc", ""], dtype="string[pyarrow]"),
        "text of python": pd.array(["a", None, "ccc", ""], dtype="string[python]"),
        "lists of arrow": pd.array([[1], [2, 3], None, []], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        "instants of arrow": pd.array([datetime.datetime(2026, 1, 1)] * 4, dtype=pd.ArrowDtype(pa.timestamp("us"))),
    }
    return values


@pytest.mark.parametrize("name", columns())
def test_given_a_column_when_read_in_a_frame_a_series_and_an_index_then_it_is_the_same(client, name):
    values = columns()[name]
    frame = pd.DataFrame({"n": range(4), "v": values})
    pd.testing.assert_frame_equal(client.get(client.put(frame)), frame)
    series = pd.Series(values, name="v")
    pd.testing.assert_series_equal(client.get(client.put(series)), series)
    if "lists" not in name:
        index = pd.Index(values, name="i")
        pd.testing.assert_index_equal(client.get(client.put(index)), index)


def test_given_a_frame_of_default_text_when_read_then_it_is_the_same(client):
    frame = pd.DataFrame({"t": ["x", None, "zz"]}, index=["a", "b", "c"])
    pd.testing.assert_frame_equal(client.get(client.put(frame)), frame)


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["n", None]),
        pd.RangeIndex(3, 9, 2, name="r"),
        pd.Index([1.5, None, "x"], name=("of", "two")),
        pd.CategoricalIndex(["x", "y", "x"]),
        pd.TimedeltaIndex(["1s", "2s", "3s"]),
    ],
    ids=lambda index: type(index).__name__,
)
def test_given_an_index_when_read_as_rows_and_as_columns_then_it_is_the_same(client, index):
    pd.testing.assert_index_equal(client.get(client.put(index)), index)
    rows = pd.DataFrame({"v": [1, 2, 3]}, index=index)
    pd.testing.assert_frame_equal(client.get(client.put(rows)), rows)
    across = pd.DataFrame([[1, 2, 3]], columns=index)
    pd.testing.assert_frame_equal(client.get(client.put(across)), across)


def test_given_attributes_when_a_frame_is_read_then_it_has_them(client):
    frame = pd.DataFrame({"v": [1]})
    frame.attrs["source"] = "here"
    assert client.get(client.put(frame)).attrs == {"source": "here"}


def arrow_arrays():
    values = {
        "floats": pa.array([1.5, None], pa.float32()),
        "half floats": pa.array(np.array([1, 2], "float16")),
        "instants": pa.array([datetime.datetime(2026, 1, 1)], pa.timestamp("us", "UTC")),
        "dates": pa.array([datetime.date(2026, 1, 1)]),
        "bytes": pa.array([b"a", None], pa.large_binary()),
        "bytes of one length": pa.array([b"ab"], pa.binary(2)),
        "decimals": pa.array([decimal.Decimal("1.50")], pa.decimal128(10, 2)),
        "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
        "structures": pa.array([{"a": 1, "b": [None, "x"]}, None]),
        "lists of texts": pa.array([["a"], None, []], pa.large_list(pa.string())),
        "maps": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
        "slice of a dictionary": pa.array(["a", "b", "a"]).dictionary_encode()[1:],
        "chunks": pa.chunked_array([[1, 2], [3]]),
        "table without rows": pa.table({"a": pa.array([], pa.int64())}),
        "table": pa.table({"d": pa.array(["a", "b"]).dictionary_encode(), "f": pa.array([1, 2], pa.float32())}),
        "batch": pa.table({"d": pa.array([1, 2], pa.date64())}).to_batches()[0],
    }
    if hasattr(pa, "string_view"):
        values["views"] = pa.array(["short", "a text that is longer than twelve bytes", None], pa.string_view())
    return values


@pytest.mark.parametrize("name", arrow_arrays())
def test_given_arrow_data_when_read_then_it_is_the_same(client, name):
    value = arrow_arrays()[name]
    got = client.get(client.put(value))
    assert got.equals(value)
    assert got.schema == value.schema if hasattr(value, "schema") else got.type == value.type


def test_given_a_table_when_read_then_its_buffers_are_in_shared_memory(client):
    table = pa.table({"d": pa.array(["a", "b"]).dictionary_encode(), "x": np.arange(2.0)})
    addresses = {}
    got = client.get(client.put(table))
    for blob in client.list_objects("vineyard::Blob", limit=100):
        addresses[blob.address] = blob.address + blob.size
    buffer = got.column("x").chunk(0).buffers()[1]
    assert any(begin <= buffer.address and buffer.address + buffer.size <= end for begin, end in addresses.items())


@pytest.mark.parametrize(
    "value",
    [np.zeros(2, STRUCTURE), pd.DataFrame({"c": pd.Categorical(["a"])}), pa.array([1.5], pa.float32())],
    ids=["array", "frame", "arrow"],
)
def test_given_a_new_type_when_the_released_client_reads_it_then_it_is_an_unknown_object(client, released, value):
    assert released.ask("type", None, repr(client.put(value))) == "Object"


def test_given_a_frame_of_polars_when_read_then_it_is_the_same(client, released):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None, 3], "t": ["x", "yy", None], "l": [[1], [], None]})
    got = client.get(client.put(frame))
    assert isinstance(got, polars.DataFrame) and got.equals(frame)
    plain = polars.DataFrame({"a": [1, None, 3], "t": ["x", "yy", None]})
    target = client.put(plain)
    assert client.get(target).equals(plain)
    # The released client has no polars here, and gets a table.
    assert released.ask("type", None, repr(target)) == "Table"


def test_given_all_types_of_polars_when_read_then_they_are_the_same(client):
    polars = pytest.importorskip("polars")
    instants = [datetime.datetime(2026, 1, 1), None, datetime.datetime(2026, 7, 1)]
    frame = polars.DataFrame(
        {
            "categories": polars.Series(["a", "b", None], dtype=polars.Categorical),
            "enumeration": polars.Series(["x", "y", "x"], dtype=polars.Enum(["x", "y"])),
            "instants": polars.Series(instants, dtype=polars.Datetime("us", "Europe/Berlin")),
            "dates": [datetime.date(2026, 1, 1), None, datetime.date(2026, 1, 2)],
            "times": [datetime.time(1, 2), None, datetime.time(3)],
            "durations": [datetime.timedelta(1)] * 3,
            "decimals": polars.Series([decimal.Decimal("1.50"), None, decimal.Decimal("2.00")]),
            "structures": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
            "arrays": polars.Series([[1, 2], [3, 4], None], dtype=polars.Array(polars.Int64, 2)),
            "bytes": [b"a", None, b"c"],
            "nothing": [None] * 3,
        }
    )
    got = client.get(client.put(frame))
    assert got.schema == frame.schema and got.equals(frame)
    series = polars.Series("s", [1, None])
    assert client.get(client.put(series)).equals(series)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
def test_given_a_sparse_matrix_or_array_when_read_then_it_is_the_same(client, kind):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    matrix = scipy_sparse.random(60, 40, density=0.5, format="csr", random_state=1)
    for value in (matrix.asformat(kind), getattr(scipy_sparse, f"{kind}_array")(matrix)):
        got = client.get(client.put(value))
        assert type(got) is type(value) and got.shape == value.shape and (got != value).nnz == 0


def test_given_a_large_sparse_array_when_read_then_its_numbers_are_looked_at(client):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    got = client.get(client.put(scipy_sparse.csr_array(np.eye(20_000, 10))))
    assert not got.indptr.flags.owndata and not got.indptr.flags.writeable


def test_given_tensors_of_torch_when_read_then_they_are_the_same(client):
    torch = pytest.importorskip("torch")
    for value in (torch.arange(6).reshape(2, 3).T, torch.ones(3, dtype=torch.bfloat16), torch.empty(0, 2)):
        got = client.get(client.put(value))
        assert got.dtype == value.dtype and torch.equal(got, value)
    parameter = client.get(client.put(torch.nn.Parameter(torch.ones(2))))
    assert isinstance(parameter, torch.nn.Parameter) and parameter.requires_grad


def state_of_a_model(torch):
    model = torch.nn.Sequential(torch.nn.Linear(100, 100), torch.nn.LayerNorm(8))
    state = model.state_dict()
    state["bfloat16"] = torch.randn(100, 100).to(torch.bfloat16)
    state["complex"] = torch.randn(100, 100, dtype=torch.complex64)
    state["transposed"] = torch.arange(10_000.0).reshape(100, 100).T
    state["every other"] = torch.arange(10_000.0).reshape(100, 100)[::2]
    state["tied"] = state["0.weight"].view(100, 100)
    state["step"] = torch.tensor(3.0)
    state["none"] = torch.empty(0, 4)
    state["numbers"] = np.arange(20_000)
    return state


def test_given_a_state_dict_when_read_then_its_tensors_are_the_same_and_look_at_shared_memory(client):
    torch = pytest.importorskip("torch")
    state = state_of_a_model(torch)
    target = client.put(state)
    got = client.get(target)
    assert list(got) == list(state) and type(got) is type(state)
    numbers, _ = got.pop("numbers"), state.pop("numbers")
    assert not numbers.flags.writeable
    for name, tensor in state.items():
        assert got[name].dtype == tensor.dtype and torch.equal(got[name], tensor), name
    blob = client.get_object(target).member("buffer_")
    with open("/proc/self/maps") as file:
        private = [line.split("-")[0] for line in file if " rw-p " in line and int(line.split()[4]) > 0]
    assert any(0 <= got["bfloat16"].data_ptr() - int(begin, 16) < len(blob) + 8192 for begin in private)
    # Nobody else's code is named, so that whoever has PyTorch can load it; tied weights are there once.
    assert set(pickle.loads(bytes(blob))) == {*state, "numbers"}
    assert got["tied"].data_ptr() == got["0.weight"].data_ptr() and len(blob) < 600_000


def test_given_tensors_of_a_state_dict_when_written_to_then_others_do_not_see_it(client):
    torch = pytest.importorskip("torch")
    target, single = client.put(state_of_a_model(torch)), client.put(torch.ones(5000))
    before = client.get(target)
    mine = client.get(target)
    mine["bfloat16"].zero_()
    client.get(single).zero_()
    assert torch.equal(client.get(target)["bfloat16"], before["bfloat16"]) and before["bfloat16"].any()
    assert client.get(single).all()
    model = torch.nn.Sequential(torch.nn.Linear(100, 100))
    model.load_state_dict({name: mine[name] for name in ("0.weight", "0.bias")}, assign=True)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 100)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    again = client.get(client.put(state))
    assert torch.equal(again["state"][0]["exp_avg"], state["state"][0]["exp_avg"])


def test_given_a_model_when_read_then_its_parameters_are_the_same(client):
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(100, 100)
    got = client.get(client.put(model))
    assert isinstance(got.weight, torch.nn.Parameter) and got.weight.requires_grad
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), got.parameters()))


def test_given_a_function_when_read_then_it_works(client):
    pytest.importorskip("cloudpickle")
    offset = 3
    assert client.get(client.put(lambda x: x + offset))(4) == 7


def test_given_values_in_values_when_read_then_all_are_the_same(client):
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b"])})
    value = (frame, [np.arange(3), {"deep": frame}], pa.array([1]), None)
    assert_same(client.get(client.put(value)), value)
