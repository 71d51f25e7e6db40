"""Frames, series and indexes, as far as the released client can store them."""

import numpy as np
import pandas as pd
import pytest


def round_trip(client, value):
    return client.get(client.put(value))


def test_given_a_frame_of_every_numeric_type_when_got_back_then_it_is_equal(client):
    types = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool"]
    frame = pd.DataFrame({name: np.arange(7).astype(name) for name in types})
    pd.testing.assert_frame_equal(round_trip(client, frame), frame)


def test_given_a_frame_with_missing_numbers_when_got_back_then_they_are_missing(client):
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [np.inf, -0.0, np.nan]})
    pd.testing.assert_frame_equal(round_trip(client, frame), frame)


def test_given_text_columns_when_got_back_then_the_texts_are_equal(client):
    frame = pd.DataFrame({"who": ["ann", "βob", ""], "n": [1, 2, 3]})
    pd.testing.assert_frame_equal(round_trip(client, frame), frame)


def test_given_instants_and_durations_when_got_back_then_they_are_equal(client):
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2026-01-01", periods=4, freq="h"),
            "took": pd.to_timedelta([1, 2, 3, 4], unit="s"),
        }
    )
    got = round_trip(client, frame)
    np.testing.assert_array_equal(got["when"].to_numpy(), frame["when"].to_numpy())
    np.testing.assert_array_equal(got["took"].to_numpy(), frame["took"].to_numpy())


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([10, 20, 30]),
        pd.Index([0.5, 1.5, 2.5]),
        pd.Index(["x", "y", "z"], name="letter"),
        pd.RangeIndex(3),
    ],
    ids=["integers", "floats", "named texts", "range"],
)
def test_given_a_frame_with_an_index_when_got_back_then_the_index_is_equal(client, index):
    frame = pd.DataFrame({"v": [1, 2, 3]}, index=index)
    got = round_trip(client, frame)
    assert list(got.index) == list(index)
    assert got.index.name == index.name
    assert list(got["v"]) == [1, 2, 3]


def test_given_numbers_as_column_names_when_got_back_then_they_are_numbers(client):
    frame = pd.DataFrame(np.arange(6).reshape(2, 3), columns=[0, 1, 2])
    got = round_trip(client, frame)
    assert list(got.columns) == [0, 1, 2]
    np.testing.assert_array_equal(got.to_numpy(), frame.to_numpy())


def test_given_a_frame_without_rows_when_got_back_then_the_columns_are_kept(client):
    frame = pd.DataFrame({"a": np.zeros(0, "int64"), "b": np.zeros(0)})
    got = round_trip(client, frame)
    assert list(got.columns) == ["a", "b"]
    assert len(got) == 0


def test_given_a_wide_frame_when_got_back_then_all_columns_are_in_order(client):
    frame = pd.DataFrame({f"column {number}": np.full(3, number) for number in range(300)})
    pd.testing.assert_frame_equal(round_trip(client, frame), frame)


@pytest.mark.parametrize("dtype", ["int64", "float32", "bool"])
def test_given_a_series_when_got_back_then_values_index_and_name_are_equal(client, dtype):
    series = pd.Series(np.arange(5).astype(dtype), index=[2, 4, 6, 8, 10], name="heights")
    pd.testing.assert_series_equal(round_trip(client, series), series)


def test_given_a_series_of_texts_when_got_back_then_the_texts_are_equal(client):
    assert list(round_trip(client, pd.Series(["a", "b", "c"]))) == ["a", "b", "c"]


@pytest.mark.parametrize("index", [pd.Index([3, 1, 2], name="n"), pd.Index([1.5, np.nan])], ids=["integers", "floats"])
def test_given_an_index_when_got_back_then_it_is_equal(client, index):
    pd.testing.assert_index_equal(round_trip(client, index), index)


def test_given_a_multi_index_when_got_back_then_the_tuples_are_equal(client):
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["letter", "number"])
    got = round_trip(client, index)
    assert [tuple(entry) for entry in got] == list(index)


def test_given_categories_when_got_back_then_the_values_are_equal(client):
    got = round_trip(client, pd.Series(pd.Categorical(["low", "high", "low"])))
    assert list(got) == ["low", "high", "low"]


def test_given_a_frame_when_read_by_another_process_then_it_is_equal(client, peer):
    frame = pd.DataFrame({"a": np.arange(1000), "b": np.linspace(0, 1, 1000)})
    ident = client.put(frame)
    total, columns = peer.run(
        """
        frame = client.get(vineyard.ObjectID(ident))
        [[int(frame.a.sum()), float(frame.b.sum())], list(frame.columns)]
        """,
        ident=int(ident),
    )
    assert total == [frame.a.sum(), frame.b.sum()]
    assert columns == ["a", "b"]


def test_given_a_frame_when_deleted_then_all_its_columns_are_freed(client):
    before = client.status.memory_usage
    ident = client.put(pd.DataFrame({name: np.arange(100) for name in "abcde"}))
    assert client.status.memory_usage - before == 6 * 800
    client.delete(ident)
    assert client.status.memory_usage == before
    assert client.list_metadatas("*") == []
