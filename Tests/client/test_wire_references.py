"""References to blobs: what is in use, and what release and evict do about it."""

import os

import pytest

EMPTY_BLOB = 1 << 63
UNKNOWN_BLOB = EMPTY_BLOB | 0x77


def in_use(connection, blob):
    reply = connection.ask("is_in_use_request", id=blob)
    assert set(reply) == {"type", "is_in_use"}
    return reply["is_in_use"]


def reference(connection, blob):
    reply = connection.ask("get_buffers_request", ids=[blob], unsafe=False)
    for _ in reply["fds"]:
        os.close(connection.receive_file())


def test_given_a_sealed_blob_when_its_sealer_is_connected_then_it_is_in_use(wire):
    assert in_use(wire, wire.new_blob(100)) is True


def test_given_a_blob_when_nobody_refers_to_it_any_more_then_it_is_not_in_use(store, wire):
    blob = wire.new_blob(100)
    with store.wire() as reader:
        reference(reader, blob)
        assert wire.ask("release_request", object_id=blob) == {"type": "release_reply"}
        assert in_use(wire, blob) is True
        assert reader.ask("release_request", object_id=blob) == {"type": "release_reply"}
    assert in_use(wire, blob) is False


def test_given_an_idle_blob_when_read_again_then_it_is_in_use(wire):
    blob = wire.new_blob(100)
    wire.ask("release_request", object_id=blob)
    assert in_use(wire, blob) is False
    reference(wire, blob)
    assert in_use(wire, blob) is True


def test_given_an_increased_count_when_released_then_it_is_back_where_it_was(store, wire):
    blob = wire.new_blob(100)
    with store.wire() as other:
        assert other.ask("increase_reference_count_request", ids=[blob]) == {"type": "increase_reference_count_reply"}
        wire.ask("release_request", object_id=blob)
        assert in_use(wire, blob) is True
        other.ask("release_request", object_id=blob)
        assert in_use(wire, blob) is False


def test_given_unknown_blobs_when_their_count_is_increased_then_it_is_accepted(wire):
    wire.ask("increase_reference_count_request", ids=[UNKNOWN_BLOB])


def test_given_a_connection_without_references_when_it_releases_then_code_2(store, wire):
    blob = wire.new_blob(100)
    with store.wire() as stranger:
        assert stranger.refused("release_request", object_id=blob)[0] == 2


def test_given_a_blob_not_referred_to_by_this_connection_when_released_then_code_12(store, wire):
    blob, another = wire.new_blob(100), wire.new_blob(100)
    with store.wire() as reader:
        reference(reader, another)
        assert reader.refused("release_request", object_id=blob)[0] == 12


def test_given_a_released_blob_when_read_then_it_is_still_there(wire):
    blob = wire.new_blob(100)
    wire.ask("release_request", object_id=blob)
    assert wire.exists(blob)
    [payload] = wire.ask("get_buffers_request", ids=[blob], unsafe=False)["payloads"]
    assert payload["data_size"] == 100


def test_given_a_blob_in_memory_when_asked_then_it_is_not_spilled(wire):
    assert wire.ask("is_spilled_request", id=wire.new_blob(10)) == {"type": "is_spilled_reply", "is_spilled": False}


@pytest.mark.beyond_original
@pytest.mark.parametrize("request_type", ["evict_request", "load_request", "unpin_request"])
def test_given_spill_control_without_a_spill_path_when_sent_then_it_is_answered(wire, request_type):
    blob = wire.new_blob(100)
    reply = wire.call(request_type, ids=[blob])
    assert "code" in reply or reply["type"] == request_type.replace("_request", "_reply")
    assert wire.exists(blob)
    assert wire.is_quiet()


@pytest.mark.beyond_original
def test_given_the_released_client_when_it_loads_and_unpins_then_it_returns(client):
    ident = client.put(b"x" * 100)
    client.load([ident])
    client.load([ident], pin=True)
    client.unpin([ident])
    assert bytes(client.get(ident)) == b"x" * 100
