"""Plain Python values, containers and anything that can be pickled."""

import collections
import datetime
import decimal

import numpy as np
import pytest
import scipy.sparse
import vineyard


def round_trip(client, value):
    return client.get(client.put(value))


@pytest.mark.parametrize("value", [0, 1, -1, 42, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63)])
def test_given_an_integer_of_up_to_64_bits_when_got_back_then_it_is_exact(client, value):
    got = round_trip(client, value)
    assert got == value
    assert type(got) is int


# The released client narrows a float to 32 bits while it builds the metadata.
@pytest.mark.parametrize("value", [0.0, -0.0, 0.5, -1.5, 2.0**100, 2.0**-126, float(np.float32(0.1))])
def test_given_a_float_of_32_bits_when_got_back_then_it_is_exact(client, value):
    got = round_trip(client, value)
    assert got.hex() == value.hex()


# The released client turns a boolean into 1 or 0.
@pytest.mark.parametrize("value", [True, False])
def test_given_a_boolean_when_got_back_then_its_truth_is_kept(client, value):
    assert round_trip(client, value) == value


TEXTS = ["", "hello", "a/b~c", 'quote " backslash \\ tab \t newline \n', "\x01\x1f\x7f", "naïve 数 🍇", "x" * 100_000]


@pytest.mark.parametrize("value", TEXTS, ids=range(len(TEXTS)))
def test_given_a_text_when_got_back_then_it_is_the_same_text(client, value):
    assert round_trip(client, value) == value


def test_given_none_when_got_back_then_it_is_none(client):
    assert round_trip(client, None) is None


@pytest.mark.parametrize("value", [b"\x00", b"hello", bytes(range(256)) * 1000], ids=["nul", "text", "256000"])
def test_given_bytes_when_put_then_the_id_is_a_blob_holding_them(client, value):
    ident = client.put(value)
    assert int(ident) >> 63 == 1
    assert bytes(memoryview(client.get_blob(ident))) == value
    assert bytes(client.get(ident)) == value


@pytest.mark.parametrize("value", [(), (1,), (1, "x", 2.5, True), ((1, (2, (3,))), "deep")])
def test_given_a_tuple_when_got_back_then_it_is_an_equal_tuple(client, value):
    assert round_trip(client, value) == value


def test_given_a_list_when_got_back_then_the_elements_are_equal(client):
    assert list(round_trip(client, [1, "x", 2.5])) == [1, "x", 2.5]


def test_given_arrays_in_a_tuple_when_got_back_then_each_is_intact(client):
    first, second, word = round_trip(client, (np.arange(5), np.ones((2, 2)), "w"))
    np.testing.assert_array_equal(first, np.arange(5))
    np.testing.assert_array_equal(second, np.ones((2, 2)))
    assert word == "w"


def test_given_nested_dicts_when_got_back_then_they_are_equal(client):
    value = {"a": {"b": {"c": [1, {"d": (2, 3)}]}}, "empty": {}, 5: None, ("t",): b"raw"}
    assert round_trip(client, value) == value


def test_given_a_dict_of_arrays_when_got_back_then_the_arrays_are_equal(client):
    got = round_trip(client, {"x": np.arange(1000), "y": {"z": np.eye(3)}})
    np.testing.assert_array_equal(got["x"], np.arange(1000))
    np.testing.assert_array_equal(got["y"]["z"], np.eye(3))


@pytest.mark.parametrize(
    "value",
    [
        {1, 2, 3},
        frozenset("a"),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.UTC),
        decimal.Decimal("3.14159265358979323846"),
        collections.OrderedDict(b=1, a=2),
        2 + 3j,
        range(5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_given_anything_that_pickles_when_read_by_another_process_then_it_is_equal(client, peer, value):
    ident = client.put(value)
    assert client.get_meta(ident).typename == "vineyard::PickleBuffer"
    assert client.get(ident) == value
    assert peer.run("repr(client.get(vineyard.ObjectID(ident)))", ident=int(ident)) == repr(value)


@pytest.mark.parametrize("kind", ["bsr", "coo", "csc", "csr", "dia"])
def test_given_a_sparse_matrix_when_got_back_then_layout_and_elements_are_equal(client, kind):
    matrix = scipy.sparse.random(40, 30, density=0.2, random_state=1).asformat(kind)
    got = round_trip(client, matrix)
    assert got.format == kind
    np.testing.assert_array_equal(got.toarray(), matrix.toarray())


def test_given_a_value_without_pickle_when_put_then_nothing_is_stored(client):
    used = client.status.memory_usage
    with pytest.raises(Exception, match="pickle"):
        client.put(lambda: None)
    assert client.status.memory_usage == used
    assert client.list_metadatas("*") == []


def test_given_an_unknown_id_when_got_then_object_not_exists_is_raised(client):
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.get(vineyard.ObjectID(0x1234))
