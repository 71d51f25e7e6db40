"""A full store refuses with code 41, says why, and works again once something is freed."""

import numpy as np
import pytest
import vineyard

from peer import Peer
from wire import text

MIB = 1 << 20
LIMIT = 16 * MIB
FULL = vineyard.NotEnoughMemoryException


@pytest.fixture
def store(start_daemon):
    """A small daemon for each test, so that no view of an earlier test is left."""
    return start_daemon(size="16M")


def test_given_two_halves_when_put_then_the_store_is_exactly_full(client):
    halves = [client.put(np.full(8 * MIB, value, "uint8")) for value in (1, 2)]
    assert client.status.memory_usage == LIMIT
    with pytest.raises(FULL):
        client.create_blob(1)
    assert [int(client.get(half).sum(dtype="int64")) for half in halves] == [8 * MIB, 16 * MIB]


def test_given_one_blob_of_the_whole_limit_when_created_then_it_fits(client):
    builder = client.create_blob(LIMIT)
    builder.copy(LIMIT - 3, b"end")
    blob = builder.seal(client)
    assert bytes(memoryview(blob)[-3:]) == b"end"


def test_given_one_byte_more_than_the_limit_when_created_then_it_is_refused(client):
    with pytest.raises(FULL):
        client.create_blob(LIMIT + 1)
    assert client.status.memory_usage == 0


ABSURD = [1 << 40, 1 << 48, 1 << 62, (1 << 63) - 1, (1 << 64) - 1]
CRASHES_THE_ORIGINAL = pytest.param(1 << 63, marks=pytest.mark.beyond_original)


@pytest.mark.parametrize("size", [*ABSURD, CRASHES_THE_ORIGINAL])
def test_given_an_absurd_size_when_created_then_it_is_refused_and_the_store_works(wire, size):
    assert wire.refused("create_buffer_request", size=size)[0] == 41
    assert wire.refused("create_buffers_request", num=2, sizes=[size, size])[0] == 41
    assert wire.refused("create_remote_buffer_request", size=size, compress=False)[0] == 41
    assert wire.memory_usage() == 0
    wire.put_blob(b"still fine")


def test_given_a_full_store_when_refused_then_the_message_names_size_used_and_limit(client, wire):
    client.create_blob(10 * MIB)
    code, message = wire.refused("create_buffer_request", size=7 * MIB)
    assert code == 41
    for number in (7 * MIB, 10 * MIB, LIMIT):
        assert str(number) in message


@pytest.mark.beyond_original
def test_given_a_full_store_when_refused_then_the_message_names_the_largest_object(client, wire):
    client.put(np.zeros(MIB, "uint8"), persist=True, name="the small one")
    large = client.put(np.zeros(12 * MIB, "uint8"), persist=True, name="the large one")
    code, message = wire.refused("create_buffer_request", size=7 * MIB)
    blob = client.get_meta(large)["buffer_"].id
    assert code == 41
    assert any(name in message for name in ("the large one", text(int(large)), text(int(blob)))), message


def test_given_a_full_store_when_python_puts_then_it_raises_and_nothing_leaks(client):
    kept = client.put(np.full(12 * MIB, 3, "uint8"))
    with pytest.warns(UserWarning, match="No other vineyard instance"), pytest.raises(FULL):
        client.put(np.zeros(5 * MIB, "uint8"))
    assert client.status.memory_usage == 12 * MIB
    assert int(client.get(kept)[-1]) == 3


def test_given_a_full_store_when_something_is_deleted_then_the_next_put_fits(client):
    for value in range(10):
        ident = client.put(np.full(12 * MIB, value, "uint8"))
        with pytest.raises(FULL):
            client.create_blob(5 * MIB)
        client.delete(ident)
    assert client.status.memory_usage == 0


def test_given_a_full_store_when_another_process_deletes_then_the_next_put_fits(client, store):
    ident = client.put(np.zeros(16 * MIB, "uint8"))
    with Peer(store.socket) as other:
        other.run("client.delete(vineyard.ObjectID(ident))", ident=int(ident))
    assert client.create_blob(16 * MIB).size == 16 * MIB


def test_given_holes_between_objects_when_their_sum_is_asked_for_then_it_fits(client):
    quarters = client.create_blob([4 * MIB] * 4)
    for value, builder in enumerate(quarters):
        builder.copy(0, bytes([value]) * (4 * MIB))
        builder.seal(client)
    client.delete(quarters[1].id)
    client.delete(quarters[3].id)
    whole = client.create_blob(8 * MIB)
    whole.copy(0, b"\xff" * (8 * MIB))
    for value in (0, 2):
        content = memoryview(client.get_blob(quarters[value].id))
        assert content[0] == content[-1] == value


def test_given_a_full_store_when_scalars_and_empty_arrays_are_put_then_they_fit(client):
    client.create_blob(LIMIT)
    assert client.get(client.put("text")) == "text"
    assert client.get(client.put(np.zeros((0, 3)))).shape == (0, 3)


@pytest.mark.beyond_original
def test_given_a_full_store_when_a_blob_is_shrunk_then_the_rest_can_be_used(client):
    builder = client.create_blob(LIMIT)
    builder.shrink(client.ipc_client, 4 * MIB)
    rest = client.create_blob(12 * MIB)
    rest.copy(0, b"r" * (12 * MIB))
    builder.copy(0, b"b" * (4 * MIB))
    assert set(bytes(memoryview(rest.seal(client)))) == {ord("r")}
    assert set(bytes(memoryview(builder.seal(client)))) == {ord("b")}


def test_given_random_sizes_when_put_until_full_and_deleted_then_every_round_works(client):
    random = np.random.default_rng(11)
    for is_last in (False, False, False, False, True):
        contents = {}
        while True:
            data = random.bytes(int(random.integers(1, 2 * MIB)))
            try:
                builder = client.create_blob(len(data))
            except FULL:
                break
            builder.copy(0, data)
            contents[builder.seal(client).id] = data
        assert client.status.memory_usage == sum(map(len, contents.values()))
        if is_last:
            assert all(bytes(memoryview(client.get_blob(ident))) == data for ident, data in contents.items())
        client.delete(list(contents))
        assert client.status.memory_usage == 0
