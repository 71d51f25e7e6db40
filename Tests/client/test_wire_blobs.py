"""Blob requests and memory files on the wire: who gets a descriptor, when, and what it maps."""

import os

import pytest

from wire import map_file

MIB = 1 << 20
EMPTY_BLOB = 1 << 63
EMPTY_PAYLOAD = {
    "object_id": EMPTY_BLOB,
    "store_fd": -1,
    "data_offset": 0,
    "data_size": 0,
    "map_size": 0,
    "pointer": 0,
    "is_sealed": False,
    "is_owner": True,
    "is_gpu": False,
}


@pytest.fixture(scope="module")
def store_options():
    return {"size": "64M"}


def assert_payload(payload, size, sealed, object_id=None):
    """The nine fields, each with a value a client can work with."""
    assert set(payload) == set(EMPTY_PAYLOAD)
    assert payload["data_size"] == size
    assert payload["is_sealed"] is sealed
    assert payload["is_owner"] is True and payload["is_gpu"] is False
    assert payload["object_id"] >> 63 == 1
    assert object_id is None or payload["object_id"] == object_id
    assert payload["data_offset"] % 64 == 0
    assert payload["map_size"] - 8 >= payload["data_offset"] + size
    assert isinstance(payload["store_fd"], int) and isinstance(payload["pointer"], int)


def files_of(connection, keys):
    """Receives one memory file per announced key."""
    return {key: connection.receive_file() for key in keys}


def close_all(files):
    for descriptor in files.values():
        os.close(descriptor)


def test_given_a_first_blob_when_created_then_the_reply_announces_the_file_that_follows(wire):
    reply = wire.ask("create_buffer_request", size=MIB)
    assert set(reply) == {"type", "id", "created", "fd"}
    assert reply["fd"] == reply["created"]["store_fd"]
    assert reply["id"] == reply["created"]["object_id"]
    assert_payload(reply["created"], MIB, sealed=False)
    os.close(wire.receive_file())
    assert wire.is_quiet()


def test_given_a_known_file_when_another_blob_is_created_in_it_then_no_file_follows(wire):
    first, descriptor = wire.create_blob(1000)
    os.close(descriptor)
    reply = wire.ask("create_buffer_request", size=1000)
    assert reply["created"]["store_fd"] == first["store_fd"]
    assert reply["fd"] == -1
    assert wire.is_quiet()


def test_given_a_known_file_when_mapped_as_the_client_does_then_reader_and_writer_share_bytes(store, wire):
    ident = wire.put_blob(b"written through the mapping")
    with store.wire() as reader:
        reply = reader.ask("get_buffers_request", ids=[ident], unsafe=False)
        [payload] = reply["payloads"]
        assert reply["fds"] == [payload["store_fd"]]
        with map_file(payload, reader.receive_file()) as memory:
            start = payload["data_offset"]
            assert memory[start : start + payload["data_size"]] == b"written through the mapping"
        assert reader.is_quiet()


def test_given_a_memory_file_when_looked_at_then_it_is_as_long_as_announced_and_writable(wire):
    payload, descriptor = wire.create_blob(4096)
    assert os.fstat(descriptor).st_size >= payload["map_size"] - 8
    with map_file(payload, descriptor, writable=True) as memory:
        memory[payload["data_offset"]] = 0xAB
        assert memory[payload["data_offset"]] == 0xAB


def test_given_the_same_blob_when_read_twice_then_the_file_comes_only_once_per_connection(store, wire):
    ident = wire.new_blob(100)
    for _ in range(2):
        with store.wire() as reader:
            first = reader.ask("get_buffers_request", num=1, unsafe=False, **{"0": ident})
            close_all(files_of(reader, first["fds"]))
            assert len(first["fds"]) == 1
            second = reader.ask("get_buffers_request", num=1, unsafe=False, **{"0": ident})
            assert second["fds"] == []
            assert reader.is_quiet()


def test_given_ids_under_numeric_keys_or_as_a_list_when_read_then_the_reply_is_the_same(store, wire):
    ids = [wire.new_blob(size) for size in (10, 20, 30)]
    with store.wire() as reader:
        listed = reader.ask("get_buffers_request", ids=ids, unsafe=False)
        close_all(files_of(reader, listed["fds"]))
        keyed = reader.ask("get_buffers_request", num=3, unsafe=False, **{str(n): i for n, i in enumerate(ids)})
    assert set(keyed) == {"type", "num", "payloads", "fds", "compress", "0", "1", "2"}
    assert keyed["num"] == 3 and keyed["compress"] is False
    assert [keyed[str(number)] for number in range(3)] == keyed["payloads"] == listed["payloads"]
    for payload, ident, size in zip(keyed["payloads"], ids, (10, 20, 30), strict=True):
        assert_payload(payload, size, sealed=True, object_id=ident)


def test_given_unknown_ids_among_known_ones_when_read_then_they_are_left_out(wire):
    ids = [wire.new_blob(10), wire.new_blob(20)]
    reply = wire.ask("get_buffers_request", ids=[ids[1], EMPTY_BLOB | 0x77, ids[0]], unsafe=False)
    assert [payload["object_id"] for payload in reply["payloads"]] == [ids[1], ids[0]]
    assert reply["num"] == 2
    assert wire.ask("get_buffers_request", ids=[EMPTY_BLOB | 0x77], unsafe=False)["payloads"] == []
    assert wire.ask("get_buffers_request", num=0, unsafe=False)["num"] == 0


def test_given_the_empty_blob_when_created_and_read_then_its_payload_is_as_specified(wire):
    created = wire.ask("create_buffer_request", size=0)
    assert (created["id"], created["fd"], created["created"]) == (EMPTY_BLOB, -1, EMPTY_PAYLOAD)
    reply = wire.ask("get_buffers_request", ids=[EMPTY_BLOB], unsafe=False)
    assert (reply["payloads"], reply["fds"]) == ([EMPTY_PAYLOAD], [])
    assert wire.ask("seal_request", object_id=EMPTY_BLOB) == {"type": "seal_reply"}
    assert wire.ask("drop_buffer_request", id=EMPTY_BLOB) == {"type": "drop_buffer_reply"}
    assert wire.is_quiet()


def test_given_a_batch_of_sizes_when_created_then_payloads_are_listed_and_keyed(wire):
    reply = wire.ask("create_buffers_request", num=3, sizes=[16, 0, 32])
    assert set(reply) == {"type", "num", "ids", "fds", "payloads", "0", "1", "2"}
    assert reply["num"] == 3
    assert [reply[str(number)] for number in range(3)] == reply["payloads"]
    assert reply["ids"] == [payload["object_id"] for payload in reply["payloads"]]
    assert_payload(reply["payloads"][0], 16, sealed=False)
    assert reply["payloads"][1] == EMPTY_PAYLOAD
    assert_payload(reply["payloads"][2], 32, sealed=False)
    assert reply["fds"] == sorted({reply["payloads"][0]["store_fd"], reply["payloads"][2]["store_fd"]})
    close_all(files_of(wire, reply["fds"]))
    assert wire.is_quiet()


def test_given_an_empty_batch_when_created_then_the_reply_is_empty(wire):
    reply = wire.ask("create_buffers_request", num=0, sizes=[])
    assert (reply["num"], reply["ids"], reply["payloads"], reply["fds"]) == (0, [], [], [])


def test_given_a_store_filled_by_two_halves_when_mapped_then_every_announced_file_arrives(start_daemon):
    daemon = start_daemon(size="16M")
    with daemon.wire() as writer, daemon.wire() as reader:
        ids = []
        for value in (b"\x11", b"\x22"):
            reply = writer.ask("create_buffer_request", size=8 * MIB)
            payload = reply["created"]
            if reply["fd"] != -1:
                assert reply["fd"] == payload["store_fd"]
                files = {payload["store_fd"]: map_file(payload, writer.receive_file(), writable=True)}
            memory = files[payload["store_fd"]]
            memory[payload["data_offset"] : payload["data_offset"] + 8 * MIB] = value * (8 * MIB)
            writer.ask("seal_request", object_id=reply["id"])
            ids.insert(0, reply["id"])
        reply = reader.ask("get_buffers_request", ids=ids, unsafe=False)
        keys = list(dict.fromkeys(payload["store_fd"] for payload in reply["payloads"]))
        assert reply["fds"] == keys
        received = files_of(reader, keys)
        assert reader.is_quiet()
        for payload, value in zip(reply["payloads"], (0x22, 0x11), strict=True):
            with map_file(payload, os.dup(received[payload["store_fd"]])) as memory:
                start, end = payload["data_offset"], payload["data_offset"] + 8 * MIB
                assert (memory[start], memory[end - 1]) == (value, value)
        close_all(received)


def test_given_an_unsealed_blob_when_read_then_code_14_unless_unsafe(wire):
    payload, descriptor = wire.create_blob(10)
    os.close(descriptor)
    ident = payload["object_id"]
    assert wire.refused("get_buffers_request", ids=[ident], unsafe=False)[0] == 14
    [seen] = wire.ask("get_buffers_request", ids=[ident], unsafe=True)["payloads"]
    assert_payload(seen, 10, sealed=False, object_id=ident)
    assert wire.exists(ident)
    assert wire.content(ident) is None


def test_given_a_blob_when_sealed_repeatedly_and_by_others_then_it_succeeds(store, wire):
    ident = wire.new_blob(10)
    assert wire.ask("seal_request", object_id=ident) == {"type": "seal_reply"}
    with store.wire() as another:
        assert another.ask("seal_request", object_id=ident) == {"type": "seal_reply"}


@pytest.mark.parametrize("request_type, key", [("seal_request", "object_id"), ("drop_buffer_request", "id")])
def test_given_an_unknown_blob_when_sealed_or_dropped_then_code_12(wire, request_type, key):
    code, message = wire.refused(request_type, **{key: EMPTY_BLOB | 7})
    assert code == 12
    assert "o8000000000000007" in message


def test_given_blobs_in_each_state_when_shrunk_then_the_codes_are_1_12_and_13(wire):
    payload, descriptor = wire.create_blob(50)
    os.close(descriptor)
    ident = payload["object_id"]
    assert wire.refused("shrink_buffer_request", id=ident, size=500) == (
        1,
        "cannot shrink to size 500 since the current size is 50",
    )
    assert wire.ask("shrink_buffer_request", id=ident, size=20) == {"type": "shrink_buffer_reply"}
    wire.ask("seal_request", object_id=ident)
    assert wire.refused("shrink_buffer_request", id=ident, size=10)[0] == 13
    assert wire.refused("shrink_buffer_request", id=EMPTY_BLOB | 7, size=10)[0] == 12
    [seen] = wire.ask("get_buffers_request", ids=[ident], unsafe=False)["payloads"]
    assert seen["data_size"] == 20


def test_given_a_sealed_blob_when_dropped_then_it_is_gone(wire):
    ident = wire.new_blob(10)
    assert wire.ask("drop_buffer_request", id=ident) == {"type": "drop_buffer_reply"}
    assert not wire.exists(ident)


def test_given_gpu_requests_when_sent_then_code_1(wire):
    assert wire.refused("create_gpu_buffer_request", size=5)[0] == 1
    assert wire.refused("get_gpu_buffers_request", num=1, unsafe=False, **{"0": 5})[0] == 1
