"""Arrays come back bit for bit, with dtype and shape, as read-only views of shared memory."""

import numpy as np
import pytest

NUMERIC = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float16", "float32", "float64", "complex64", "complex128"]  # fmt: skip


def array_of_random_bits(dtype, shape):
    """Any bit pattern of the type may occur, NaN and infinities included."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(np.random.default_rng(7).bytes(count), dtype).reshape(shape)


def assert_same_bits(got, expected):
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", NUMERIC)
def test_given_a_numeric_array_when_got_back_then_every_bit_is_the_same(client, dtype):
    array = array_of_random_bits(dtype, (17, 5))
    assert_same_bits(client.get(client.put(array)), array)


def test_given_a_boolean_array_when_got_back_then_it_is_boolean(client):
    array = np.array([True, False, False, True])
    got = client.get(client.put(array))
    assert got.dtype == np.bool_
    np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_given_the_extreme_values_of_a_float_when_got_back_then_they_are_kept(client, dtype):
    info = np.finfo(dtype)
    array = np.array([info.min, info.max, info.tiny, info.eps, -0.0, np.inf, -np.inf, np.nan], dtype)
    assert_same_bits(client.get(client.put(array)), array)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_given_the_extreme_values_of_an_integer_when_got_back_then_they_are_kept(client, dtype):
    info = np.iinfo(dtype)
    array = np.array([info.min, info.max, 0, 1], dtype)
    assert_same_bits(client.get(client.put(array)), array)


def test_given_instants_with_a_missing_one_when_got_back_then_it_is_missing(client):
    instants = np.array(["1969-07-20T20:17:40", "2026-01-01", "NaT"], dtype="M8[ns]")
    assert_same_bits(client.get(client.put(instants)), instants)


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s", "m", "h", "D"])
def test_given_instants_and_durations_of_any_unit_when_got_back_then_they_are_the_same(client, unit):
    instants = np.array([0, 1, -1, 12345], dtype=f"M8[{unit}]")
    durations = np.array([0, 1, -1, 12345], dtype=f"m8[{unit}]")
    assert_same_bits(client.get(client.put(instants)), instants)
    assert_same_bits(client.get(client.put(durations)), durations)


def test_given_fixed_width_strings_when_got_back_then_the_texts_are_equal(client):
    array = np.array(["", "alpha", "βήτα", "数"])
    got = client.get(client.put(array))
    assert list(got) == list(array)


def test_given_an_object_array_of_strings_when_got_back_then_the_texts_are_equal(client):
    array = np.array(["a", None, "ccc"], dtype=object)
    assert list(client.get(client.put(array))) == ["a", None, "ccc"]


def test_given_an_object_array_of_anything_when_got_back_then_the_values_are_equal(client):
    array = np.array([1, "x", None, (2, 3), {"k": [4.5]}], dtype=object)
    got = client.get(client.put(array))
    assert got.dtype == object
    assert list(got) == list(array)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4)])
def test_given_an_array_without_elements_when_got_back_then_shape_and_dtype_are_kept(client, shape):
    array = np.zeros(shape, dtype="float32")
    used = client.status.memory_usage
    got = client.get(client.put(array))
    assert_same_bits(got, array)
    assert client.status.memory_usage == used


def test_given_a_zero_dimensional_array_when_got_back_then_it_has_no_dimension(client):
    array = np.array(3.5)
    assert_same_bits(client.get(client.put(array)), array)


def test_given_every_second_row_and_column_when_got_back_then_only_those_are_stored(client):
    array = np.arange(100).reshape(10, 10)[::2, ::2]
    used = client.status.memory_usage
    ident = client.put(array)
    assert_same_bits(client.get(ident), array)
    assert client.status.memory_usage - used == array.nbytes


def test_given_a_reversed_and_transposed_view_when_got_back_then_the_elements_are_in_place(client):
    array = np.arange(24).reshape(2, 3, 4)[::-1].transpose(2, 0, 1)
    np.testing.assert_array_equal(client.get(client.put(array)), array)


def test_given_an_array_in_fortran_order_when_got_back_then_it_is_in_fortran_order(client):
    array = np.asfortranarray(np.arange(12, dtype="int32").reshape(3, 4))
    got = client.get(client.put(array))
    np.testing.assert_array_equal(got, array)
    assert got.flags.f_contiguous and not got.flags.c_contiguous


def test_given_a_many_dimensional_array_when_got_back_then_its_shape_is_kept(client):
    array = np.arange(2**10, dtype="int16").reshape((2,) * 10)
    assert_same_bits(client.get(client.put(array)), array)


def test_given_an_array_from_the_store_when_written_to_then_it_refuses(client):
    got = client.get(client.put(np.zeros(4)))
    with pytest.raises(ValueError, match="read-only"):
        got[0] = 1


@pytest.mark.parametrize("size", [1, 63, 64, 65, 4095, 4096, 4097, 2**21 - 1, 2**21, 2**21 + 1])
def test_given_sizes_around_line_page_and_huge_page_when_got_back_then_nothing_is_cut(client, size):
    array = np.random.default_rng(size).integers(0, 256, size, dtype="uint8")
    assert_same_bits(client.get(client.put(array)), array)


def test_given_many_arrays_of_mixed_sizes_when_read_in_another_process_then_all_are_intact(client, peer):
    random = np.random.default_rng(3)
    arrays = [random.integers(0, 256, size, dtype="uint8") for size in random.integers(1, 200_000, 100)]
    idents = [int(client.put(array)) for array in arrays]
    sums = peer.run("[int(client.get(vineyard.ObjectID(i)).sum()) for i in idents]", idents=idents)
    assert sums == [int(array.sum()) for array in arrays]
