"""Blobs under names of their own, in a child session of the plasma kind."""

import base64
import os

import pytest

from waiting import eventually
from wire import WireClient, map_file

PLASMA = 2


def plasma_id(name):
    return base64.b64encode(name.encode()).decode()


@pytest.fixture
def session(wire):
    return wire.ask("new_session_request", bulk_store_type=PLASMA)["socket_path"]


@pytest.fixture
def plasma(session):
    """A connection to a plasma session, which ends with it."""
    with WireClient(session) as connection:
        yield connection.register(store_type=PLASMA)
    eventually(lambda: not os.path.exists(session), "the session's socket is removed")


def create(connection, name, size):
    reply = connection.ask("create_buffer_by_plasma_request", plasma_id=plasma_id(name), size=size, plasma_size=size)
    assert set(reply) == {"type", "id", "created", "fd"}
    if reply["fd"] == -1:
        return reply["created"], None
    return reply["created"], connection.receive_file()


def get(connection, name):
    reply = connection.ask("get_buffers_by_plasma_request", num=1, unsafe=False, **{"0": plasma_id(name)})
    return reply


def test_given_a_plasma_client_when_it_registers_then_only_plasma_sessions_match(store, plasma):
    assert plasma.registration["store_match"] is True
    with WireClient(store.socket).register(store_type=PLASMA) as at_the_root:
        assert at_the_root.registration["store_match"] is False


def test_given_a_normal_client_when_it_registers_at_a_plasma_session_then_it_does_not_match(plasma, session):
    with WireClient(session).register(store_type=1) as normal:
        assert normal.registration["store_match"] is False


def test_given_a_new_plasma_blob_when_created_then_its_payload_names_it(plasma):
    payload, descriptor = create(plasma, "first", 100)
    os.close(descriptor)
    assert payload["plasma_id"] == plasma_id("first")
    assert (payload["data_size"], payload["plasma_size"], payload["is_sealed"]) == (100, 100, False)
    assert {"ref_cnt", "store_fd", "data_offset", "map_size", "pointer", "object_id"} <= set(payload)


def test_given_a_sealed_plasma_blob_when_read_by_another_connection_then_its_bytes_are_there(plasma, session):
    payload, descriptor = create(plasma, "shared", 5)
    with map_file(payload, descriptor, writable=True) as memory:
        memory[payload["data_offset"] : payload["data_offset"] + 5] = b"bytes"
    assert plasma.ask("plasma_seal_request", plasma_id=plasma_id("shared")) == {"type": "seal_reply"}
    with WireClient(session).register(store_type=PLASMA) as reader:
        reply = get(reader, "shared")
        assert reply["num"] == 1
        seen = reply["0"]
        assert (seen["plasma_id"], seen["is_sealed"]) == (plasma_id("shared"), True)
        with map_file(seen, reader.receive_file()) as memory:
            assert memory[seen["data_offset"] : seen["data_offset"] + 5] == b"bytes"
        assert reader.is_quiet()


def test_given_the_last_reference_when_released_then_the_blob_is_gone(plasma):
    _, descriptor = create(plasma, "released", 10)
    os.close(descriptor)
    plasma.ask("plasma_seal_request", plasma_id=plasma_id("released"))
    assert plasma.ask("plasma_release_request", plasma_id=plasma_id("released")) == {"type": "plasma_release_reply"}
    reply = plasma.call("get_buffers_by_plasma_request", num=1, unsafe=False, **{"0": plasma_id("released")})
    assert reply.get("num", 0) == 0


def test_given_a_plasma_blob_when_deleted_then_it_is_gone(plasma):
    _, descriptor = create(plasma, "deleted", 10)
    os.close(descriptor)
    plasma.ask("plasma_seal_request", plasma_id=plasma_id("deleted"))
    reply = plasma.ask("plasma_delete_data_request", plasma_id=plasma_id("deleted"))
    assert reply == {"type": "plasma_delete_data_reply"}
    reply = plasma.call("get_buffers_by_plasma_request", num=1, unsafe=False, **{"0": plasma_id("deleted")})
    assert reply.get("num", 0) == 0


@pytest.mark.parametrize("request_type", ["plasma_seal_request", "plasma_release_request"])
def test_given_an_unknown_name_when_used_then_it_is_refused(plasma, request_type):
    assert plasma.refused(request_type, plasma_id=plasma_id("nobody"))[0] != 0


@pytest.mark.beyond_original
@pytest.mark.parametrize(
    "request_type, fields",
    [
        ("create_buffer_by_plasma_request", {"size": 10, "plasma_size": 10}),
        ("plasma_seal_request", {}),
        ("plasma_release_request", {}),
        ("plasma_delete_data_request", {}),
    ],
)
def test_given_a_normal_session_when_plasma_requests_come_then_they_are_refused(wire, request_type, fields):
    assert wire.refused(request_type, plasma_id=plasma_id("x"), **fields)[0] != 0
    assert wire.exists(wire.new_object())
