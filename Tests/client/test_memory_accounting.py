"""`memory_usage` is the sum of the sizes of the live blobs, whatever happened to them."""

import os

import numpy as np
import pandas as pd
import pytest
import vineyard

from waiting import eventually


def test_given_a_new_store_when_asked_then_nothing_is_used(client):
    assert client.status.memory_usage == 0


@pytest.mark.parametrize("size", [1, 63, 64, 65, 4096, 1_000_000, 5_000_001])
def test_given_a_blob_of_any_size_when_created_then_exactly_its_size_is_counted(client, size):
    builder = client.create_blob(size)
    assert client.status.memory_usage == size
    builder.seal(client)
    assert client.status.memory_usage == size
    client.delete(builder.id)
    assert client.status.memory_usage == 0


def test_given_scalars_when_put_then_no_memory_is_used(client):
    client.put((1, "two", 3.0, True))
    assert client.status.memory_usage == 0


@pytest.mark.parametrize(
    "value",
    [
        np.arange(1000),
        pd.DataFrame({"a": np.arange(10), "b": np.ones(10)}),
        {"k": np.arange(100)},
        (np.arange(3), (np.arange(4), "x")),
        np.array(["a", "bb"]),
    ],
    ids=["array", "frame", "dict", "tuple", "texts"],
)
def test_given_a_value_when_put_and_deleted_many_times_then_nothing_remains(client, value):
    for _ in range(50):
        client.delete(client.put(value))
    assert client.status.memory_usage == 0
    assert client.list_metadatas("*") == []


def test_given_ten_thousand_blobs_when_created_and_cleared_then_usage_is_exact(client, wire):
    sizes = np.random.default_rng(5).integers(1, 5000, 10_000).tolist()
    reply = wire.ask("create_buffers_request", num=len(sizes), sizes=sizes)
    os.close(wire.receive_file())
    assert len(set(reply["ids"])) == 10_000
    assert client.status.memory_usage == sum(sizes)
    wire.ask("del_data_request", id=reply["ids"][::2])
    assert client.status.memory_usage == sum(sizes[1::2])
    for ident in reply["ids"][1::2]:
        wire.ask("seal_request", object_id=ident)
    client.clear()
    assert client.status.memory_usage == 0


@pytest.mark.beyond_original
def test_given_blobs_that_another_client_is_writing_when_cleared_then_they_stay(client, wire):
    writing, _ = wire.create_blob(1000)
    finished, _ = wire.create_blob(2000)
    wire.ask("seal_request", object_id=finished["object_id"])
    client.clear()
    assert client.status.memory_usage == 1000
    wire.ask("seal_request", object_id=writing["object_id"])
    assert client.exists(vineyard.ObjectID(writing["object_id"]))
    client.reset()
    assert client.status.memory_usage == 0


def test_given_the_empty_blob_when_created_sealed_and_deleted_then_usage_stays_zero(client):
    client.create_blob(0).seal(client)
    client.delete(vineyard.ObjectID(1 << 63))
    assert client.status.memory_usage == 0


def test_given_a_failed_allocation_when_asked_then_usage_is_unchanged(client):
    client.create_blob(100)
    with pytest.raises(vineyard.NotEnoughMemoryException):
        client.create_blob(1 << 40)
    assert client.status.memory_usage == 100


@pytest.mark.beyond_original
def test_given_a_blob_when_shrunk_then_only_the_smaller_size_is_counted(client):
    builder = client.create_blob(1_000_000)
    builder.shrink(client.ipc_client, 100)
    assert client.status.memory_usage == 100
    builder.seal(client)
    client.delete(builder.id)
    assert client.status.memory_usage == 0


@pytest.mark.beyond_original
def test_given_shrunk_blobs_when_the_store_is_cleared_then_the_whole_limit_is_usable_again(client):
    for _ in range(10):
        client.create_blob(100 << 20).shrink(client.ipc_client, 1)
    assert client.status.memory_usage == 10 * (2 << 20), "what is left of each keeps the pages of one block"
    client.clear()
    assert client.status.memory_usage == 0
    assert client.create_blob(256 << 20).size == 256 << 20


@pytest.mark.beyond_original
def test_given_a_process_killed_with_unsealed_blobs_when_it_is_gone_then_their_bytes_are_free(
    client, peer, usage_returns_to
):
    kept = client.put(np.arange(1000))
    blobs = peer.run("builders = client.create_blob([1 << 20] * 5); [int(b.id) for b in builders]")
    assert client.status.memory_usage == 8000 + (5 << 20)
    peer.kill()
    usage_returns_to(8000)
    assert not any(client.exists(vineyard.ObjectID(blob)) for blob in blobs)
    np.testing.assert_array_equal(client.get(kept), np.arange(1000))


@pytest.mark.beyond_original
def test_given_a_connection_that_just_closes_when_blobs_were_unsealed_then_their_bytes_are_free(
    client, store, usage_returns_to
):
    with store.wire() as connection:
        connection.create_blob(500)
        assert client.status.memory_usage == 500
    usage_returns_to(0)


@pytest.mark.beyond_original
def test_given_a_connection_that_says_exit_when_blobs_were_unsealed_then_their_bytes_are_free(
    client, store, usage_returns_to
):
    with store.wire() as connection:
        connection.create_blob(500)
        connection.send("exit_request")
        assert connection.is_closed_by_peer()
    usage_returns_to(0)


def test_given_a_process_that_dies_when_its_blobs_were_sealed_then_they_stay(client, peer):
    ident = peer.run("int(client.put(np.arange(1000)))")
    peer.kill()
    np.testing.assert_array_equal(client.get(vineyard.ObjectID(ident)), np.arange(1000))
    assert client.status.memory_usage == 8000


def test_given_a_blob_sealed_by_another_connection_when_its_creator_dies_then_it_stays(client, store, wire):
    with store.wire() as creator:
        payload, descriptor = creator.create_blob(500)
        os.close(descriptor)
        wire.ask("seal_request", object_id=payload["object_id"])
    eventually(lambda: client.status.ipc_connections == 2, "the creator is no longer connected")
    assert client.exists(vineyard.ObjectID(payload["object_id"]))
    assert client.status.memory_usage == 500
