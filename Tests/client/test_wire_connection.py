"""Framing, registration and broken requests: the connection survives what is not its fault."""

import json
import struct

import pytest

from wire import WireClient, error_of

LARGEST_FRAME = 256 << 20


@pytest.fixture
def stranger(store):
    """A connection that has not registered yet."""
    with WireClient(store.socket) as connection:
        yield connection


def assert_usable(connection):
    assert connection.ask("exists_request", id=1) == {"type": "exists_reply", "exists": False}
    assert connection.is_quiet()


def test_given_a_new_connection_when_registered_then_every_field_of_the_reply_is_there(store, stranger):
    reply = stranger.register().registration
    assert reply == {
        "type": "register_reply",
        "ipc_socket": store.socket,
        "rpc_endpoint": f"127.0.0.1:{store.rpc_port}",
        "instance_id": 0,
        "session_id": 0,
        "version": "0.24.2",
        "store_match": True,
        "support_rpc_compression": reply["support_rpc_compression"],
    }
    assert isinstance(reply["support_rpc_compression"], bool)


def test_given_a_tcp_connection_when_registered_then_the_reply_is_the_same(store):
    with store.wire() as local, store.wire_rpc() as remote:
        assert remote.registration == local.registration


@pytest.mark.parametrize("store_type, matches", [(1, True), ("Normal", True), (2, False), ("Plasma", False)])
def test_given_a_store_type_when_registered_then_the_reply_tells_whether_it_matches(stranger, store_type, matches):
    assert stranger.register(store_type=store_type).registration["store_match"] is matches


@pytest.mark.parametrize("version", ["0.24.2", "0.1.0", "99.0.0", "nonsense", ""])
def test_given_a_client_of_any_version_when_registered_then_it_is_accepted(stranger, version):
    assert_usable(stranger.register(version=version))


def test_given_credentials_without_authentication_when_registered_then_they_are_ignored(stranger):
    assert_usable(stranger.register(username="someone", password="secret"))


def test_given_only_the_type_when_registered_then_the_defaults_apply(stranger):
    assert stranger.call("register_request")["type"] == "register_reply"
    assert_usable(stranger)


def test_given_a_registered_connection_when_registered_again_then_it_is_accepted(stranger):
    stranger.register().register()
    assert_usable(stranger)


def test_given_an_unknown_session_when_registered_over_tcp_then_it_is_refused(store):
    with WireClient(port=store.rpc_port) as connection:
        code, message = connection.refused("register_request", session_id=99)
        assert code == 1
        assert "S0000000000000063" in message


@pytest.mark.parametrize("request_type", ["exists_request", "instance_status_request", "bogus"])
def test_given_an_unregistered_connection_when_it_asks_then_it_is_refused_and_stays_open(stranger, request_type):
    code, message = stranger.refused(request_type, id=1)
    assert code == 1
    assert message == f"The connection is not registered yet, command is: {request_type}"
    assert_usable(stranger.register())


@pytest.mark.parametrize("request_type", ["bogus", "", "register_reply", "request_fd_request", "exit_reply"])
def test_given_an_unknown_type_when_sent_then_it_is_refused_and_the_connection_works(wire, request_type):
    assert wire.refused(request_type) == (1, f"Got unexpected command: {request_type}")
    assert_usable(wire)


@pytest.mark.parametrize("body", [b"{}", b'{"typ":"x"}', b'{"code":12}'])
def test_given_a_body_without_type_when_sent_then_it_is_refused_and_the_connection_works(wire, body):
    wire.send_frame(body)
    assert error_of(wire.receive()) == (1, "Invalid message: no 'type' field")
    assert_usable(wire)


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"5",
    b"null",
    b'"text"',
    b'{"type":"exists_request","id":1',
    b"nonsense",
    b'{"type":}',
    b"{}{}",
    b"\x00" * 8,
]


@pytest.mark.parametrize("body", BROKEN)
def test_given_a_body_that_is_no_json_object_when_sent_then_it_is_refused_and_the_connection_works(wire, body):
    wire.send_frame(body)
    assert error_of(wire.receive())[0] == 1
    assert_usable(wire)


@pytest.mark.beyond_original
@pytest.mark.parametrize("body", [b"\xff\xfe{", b'{"type":"exists_request\xff","id":1}'])
def test_given_bytes_that_are_no_text_when_sent_then_it_is_refused_and_the_daemon_lives(store, wire, body):
    wire.send_frame(body)
    assert error_of(wire.receive())[0] == 1
    assert_usable(wire)
    with store.wire() as another:
        assert_usable(another)


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
def test_given_json_nested_too_deep_when_sent_then_it_is_refused_and_the_daemon_lives(wire, opening):
    wire.send_frame(opening.encode() * 100_000)
    assert error_of(wire.receive())[0] == 1
    assert_usable(wire)


@pytest.mark.beyond_original
@pytest.mark.parametrize("value", [5, None, True, 1.5, [], {}, ["exists_request"]], ids=repr)
def test_given_a_type_that_is_no_string_when_sent_then_it_is_refused_and_the_daemon_lives(store, wire, value):
    wire.send_frame(json.dumps({"type": value, "id": 1}).encode())
    assert error_of(wire.receive())[0] == 1
    assert_usable(wire)
    with store.wire() as another:
        assert_usable(another)


@pytest.mark.parametrize("length", [LARGEST_FRAME + 1, 1 << 40, (1 << 63), (1 << 64) - 1])
def test_given_a_length_beyond_the_limit_when_announced_then_the_connection_closes_without_a_reply(store, wire, length):
    wire.send_bytes(struct.pack("<Q", length))
    assert wire.is_closed_by_peer()
    with store.wire() as another:
        assert_usable(another)


def test_given_the_largest_length_when_announced_then_the_daemon_waits_for_it(store, wire):
    wire.send_bytes(struct.pack("<Q", LARGEST_FRAME) + b'{"type":')
    with store.wire() as another:
        assert_usable(another)
    assert wire.is_quiet()


def test_given_a_frame_of_several_megabytes_when_sent_then_it_is_understood(wire):
    text = "x" * (8 << 20)
    ident = wire.new_object(text=text)
    [tree] = wire.content(ident).values()
    assert tree["text"] == text


def test_given_a_frame_in_single_bytes_when_sent_then_it_is_understood(wire):
    body = b'{"type":"exists_request","id":1}'
    for byte in struct.pack("<Q", len(body)) + body:
        wire.send_bytes(bytes([byte]))
    assert wire.receive() == {"type": "exists_reply", "exists": False}


def test_given_white_space_and_escapes_in_the_json_when_sent_then_it_is_understood(wire):
    wire.send_frame(b' \n{ "id" :\t1 , "type" : "\\u0065xists_request" }\r\n ')
    assert wire.receive() == {"type": "exists_reply", "exists": False}


def test_given_unknown_fields_when_sent_then_they_are_ignored(wire):
    reply = wire.ask("exists_request", id=1, extra={"deep": [1, {"x": None}]}, another="field")
    assert reply["exists"] is False


def test_given_pipelined_requests_when_sent_at_once_then_the_replies_come_in_order(wire):
    ident = wire.new_object()
    requests = []
    for number in range(300):
        body = json.dumps({"type": "exists_request", "id": ident if number % 3 == 0 else 1}).encode()
        requests.append(struct.pack("<Q", len(body)) + body)
    wire.send_bytes(b"".join(requests))
    assert [wire.receive()["exists"] for _ in range(300)] == [number % 3 == 0 for number in range(300)]


@pytest.mark.parametrize("code, message", [(12, "told you"), (1, "anything"), (41, "no room")])
def test_given_a_request_that_contains_a_code_when_sent_then_it_is_bounced_back(wire, code, message):
    told_code, told_message = wire.refused("exists_request", id=1, code=code, message=message)
    assert told_code == code
    assert message in told_message
    assert_usable(wire)


WRONG = [
    ("exists_request", {}),
    ("exists_request", {"id": "o0000000000000001"}),
    ("exists_request", {"id": None}),
    ("exists_request", {"id": [1]}),
    ("exists_request", {"id": True}),
    ("create_buffer_request", {}),
    ("create_buffer_request", {"size": "8"}),
    ("create_buffers_request", {"sizes": 5}),
    ("create_buffers_request", {"sizes": ["8"]}),
    ("create_remote_buffer_request", {"size": "8"}),
    ("get_buffers_request", {}),
    ("get_buffers_request", {"num": 1}),
    ("get_buffers_request", {"num": 2, "0": 5}),
    ("get_data_request", {}),
    ("get_data_request", {"id": 5}),
    ("get_data_request", {"id": ["x"]}),
    ("del_data_request", {}),
    ("del_data_request", {"id": 5}),
    ("list_data_request", {}),
    ("list_data_request", {"pattern": "*"}),
    ("list_name_request", {"pattern": 5, "limit": 1}),
    ("put_name_request", {"name": "x"}),
    ("get_name_request", {"name": "x"}),
    ("get_name_request", {"name": 5, "wait": False}),
    ("seal_request", {}),
    ("label_request", {"id": 5, "keys": "a", "values": ["b"]}),
]


@pytest.mark.parametrize("request_type, fields", WRONG, ids=[f"{name} {json.dumps(fields)}" for name, fields in WRONG])
def test_given_a_missing_or_wrongly_typed_field_when_sent_then_it_is_refused_and_the_connection_works(
    wire, request_type, fields
):
    code, message = wire.refused(request_type, **fields)
    assert code == 1
    assert message.startswith("Failed to parse the JSON message")
    assert_usable(wire)


@pytest.mark.beyond_original
@pytest.mark.parametrize("fields", [{}, {"content": 5}, {"content": "x"}, {"content": []}, {"content": None}])
def test_given_metadata_that_is_no_object_when_created_then_it_is_refused_and_the_daemon_lives(wire, fields):
    assert wire.refused("create_data_request", **fields)[0] in (1, 21)
    assert_usable(wire)


def test_given_an_exit_request_when_sent_then_the_daemon_closes_without_a_reply(wire):
    wire.send("exit_request")
    assert wire.is_closed_by_peer()


def test_given_half_a_frame_when_the_connection_closes_then_others_are_served(store, wire):
    with store.wire() as broken:
        broken.send_bytes(struct.pack("<Q", 1000) + b'{"type":"exi')
    assert_usable(wire)


def test_given_hundreds_of_connections_when_all_ask_then_all_are_answered(store):
    connections = [store.wire() for _ in range(300)]
    for connection in connections:
        connection.send("exists_request", id=1)
    assert all(connection.receive()["exists"] is False for connection in connections)
    for connection in connections:
        connection.close()
