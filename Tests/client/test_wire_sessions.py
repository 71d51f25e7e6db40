"""Child sessions: a socket of their own, isolated objects and names, gone when deleted."""

import contextlib
import os

import pytest

from daemon import daemon_command
from waiting import eventually
from wire import WireClient, text


@pytest.fixture
def session(wire):
    """The socket of a new child session."""
    reply = wire.ask("new_session_request", bulk_store_type=1)
    assert set(reply) == {"type", "socket_path"}
    yield reply["socket_path"]
    if os.path.exists(reply["socket_path"]):
        # It may end with its last connection meanwhile.
        with (
            contextlib.suppress(ConnectionError, FileNotFoundError),
            WireClient(reply["socket_path"]).register() as last,
        ):
            last.ask("delete_session_request")
        eventually(lambda: not os.path.exists(reply["socket_path"]), "the session's socket is removed")


@pytest.fixture
def inside(session):
    """A registered connection to the child session."""
    with WireClient(session) as connection:
        yield connection.register()


def named_object(connection, name, **fields):
    ident = connection.new_object(**fields)
    connection.ask("persist_request", id=ident)
    connection.ask("put_name_request", object_id=ident, name=name)
    return ident


def names(connection):
    return connection.ask("list_name_request", pattern="*", regex=False, limit=100)["names"] or {}


def test_given_a_new_session_when_connected_then_it_says_which_it_is(store, session, inside):
    registration = inside.registration
    session_id = registration["session_id"]
    assert 0 < session_id < 1 << 63
    assert session == f"{store.socket}.S{session_id:016x}"
    assert registration["ipc_socket"] == session
    assert registration["rpc_endpoint"] == "0.0.0.0:0"
    assert registration["store_match"] is True


def test_given_the_same_name_in_two_sessions_when_asked_for_then_each_has_its_own(store, wire, inside):
    outside_id = named_object(wire, "result", place="outside")
    inside_id = named_object(inside, "result", place="inside")
    assert wire.content(outside_id)[text(outside_id)]["place"] == "outside"
    assert inside.content(inside_id)[text(inside_id)]["place"] == "inside"
    assert names(wire) == {"result": outside_id}
    assert names(inside) == {"result": inside_id}


def test_given_objects_in_a_session_when_asked_from_outside_then_they_are_unknown(wire, inside):
    ident = named_object(inside, "hidden")
    blob = inside.put_blob(b"payload")
    assert wire.content(ident) is None
    assert not wire.exists(ident) and not wire.exists(blob)
    assert wire.ask("get_buffers_request", ids=[blob], unsafe=False)["payloads"] == []
    assert wire.refused("get_name_request", name="hidden", wait=False)[0] == 12
    assert wire.ask("list_data_request", pattern="*", regex=False, limit=100)["content"] is None


def test_given_a_blob_in_a_session_when_read_by_another_connection_of_it_then_it_is_there(session, inside):
    blob = inside.put_blob(b"payload")
    with WireClient(session).register() as another:
        [payload] = another.ask("get_buffers_request", ids=[blob], unsafe=False)["payloads"]
        os.close(another.receive_file())
        assert payload["data_size"] == 7


def test_given_a_session_when_cleared_then_the_others_keep_their_objects(wire, inside):
    outside, within = wire.new_object(), inside.new_object()
    inside.ask("clear_request")
    assert wire.exists(outside) and not inside.exists(within)
    within = inside.new_object()
    wire.ask("clear_request")
    assert inside.exists(within) and not wire.exists(outside)


def test_given_a_session_when_deleted_then_its_socket_is_gone_and_the_root_lives(wire, session):
    with WireClient(session).register() as last:
        assert last.ask("delete_session_request") == {"type": "delete_session_reply"}
        assert last.is_closed_by_peer()
    eventually(lambda: not os.path.exists(session), "the session's socket is removed")
    assert wire.exists(wire.new_object())


def test_given_a_session_with_blobs_when_deleted_then_its_bytes_are_free_for_the_root(wire, session):
    with WireClient(session).register() as last:
        last.new_blob(200 << 20)
        last.ask("delete_session_request")
    eventually(lambda: not os.path.exists(session), "the session's socket is removed")
    wire.new_blob(200 << 20)


def test_given_many_sessions_when_created_then_their_ids_and_sockets_differ(wire):
    sockets = {wire.ask("new_session_request", bulk_store_type=1)["socket_path"] for _ in range(10)}
    assert len(sockets) == 10
    for socket in sockets:
        with WireClient(socket).register() as last:
            last.ask("delete_session_request")
    eventually(lambda: not any(map(os.path.exists, sockets)), "all session sockets are removed")


def test_given_a_session_id_when_registered_over_tcp_then_that_session_is_served(store, inside):
    ident = inside.new_object()
    with WireClient(port=store.rpc_port) as remote:
        remote.register(session_id=inside.registration["session_id"])
        assert remote.registration["session_id"] == inside.registration["session_id"]
        assert remote.exists(ident)


def test_given_a_blob_when_its_ownership_moves_to_another_session_then_it_is_read_there(wire, inside):
    blob = wire.new_blob(100)
    target = (1 << 63) | 0x4242
    reply = inside.ask(
        "move_buffers_ownership_request", session_id=wire.registration["session_id"], id_to_id=[[blob, target]]
    )
    assert reply == {"type": "move_buffers_ownership_reply"}
    [payload] = inside.ask("get_buffers_request", ids=[target], unsafe=True)["payloads"]
    os.close(inside.receive_file())
    assert payload["data_size"] == 100


@pytest.mark.beyond_original
def test_given_a_blob_when_its_ownership_moves_within_its_session_then_it_is_answered(wire):
    blob = wire.new_blob(100)
    reply = wire.call("move_buffers_ownership_request", session_id=0, id_to_id=[[blob, blob]])
    assert "code" in reply or reply == {"type": "move_buffers_ownership_reply"}
    assert wire.exists(blob)


def test_given_sessions_when_the_daemon_stops_then_their_sockets_are_gone(start_daemon):
    daemon = start_daemon()
    with daemon.wire() as connection:
        socket = connection.ask("new_session_request", bulk_store_type=1)["socket_path"]
    assert os.path.exists(socket)
    daemon.stop()
    assert not os.path.exists(socket)


@pytest.mark.beyond_original
def test_given_a_session_when_its_last_connection_has_gone_then_it_ends(wire, session):
    with WireClient(session).register() as inside:
        inside.new_blob(200 << 20)
    eventually(lambda: not os.path.exists(session), "the session's socket is removed")
    wire.new_blob(200 << 20)


@pytest.mark.beyond_original
def test_given_a_remote_client_that_makes_sessions_without_end_when_it_goes_then_others_connect_as_before(start_daemon):
    daemon = start_daemon(size="16M", command=["prlimit", "--nofile=256:256", *daemon_command()])
    with daemon.wire_rpc() as greedy:
        replies = [greedy.call("new_session_request", bulk_store_type=1) for _ in range(300)]
    refused = [reply for reply in replies if "code" in reply]
    assert len(refused) == 300 - 32 and "takes no more" in refused[0]["message"]
    clients = [daemon.wire() for _ in range(50)]
    for client in clients:
        client.close()
