"""Start, stop, crash and restart of the daemon, as its clients see them."""

import os
import signal
import socket
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port
from peer import Peer, PeerError
from waiting import PATIENCE, eventually

LOST = {"ConnectionErrorException", "ConnectionFailedException", "IOErrorException", "EndOfFileException"}


@pytest.fixture
def daemon(start_daemon):
    return start_daemon(size="64M")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_given_an_idle_daemon_when_signalled_then_it_exits_0_and_removes_its_socket(daemon, number):
    daemon.stop(number)
    assert not os.path.exists(daemon.socket)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_given_connected_clients_when_signalled_then_it_exits_0_and_they_get_errors(daemon, number):
    connections = [daemon.wire() for _ in range(20)] + [daemon.wire_rpc() for _ in range(5)]
    with Peer(daemon.socket) as peer:
        peer.run("view = client.get(client.put(np.arange(1000)))")
        daemon.stop(number)
        with pytest.raises(PeerError) as caught:
            peer.run("client.status")
        assert caught.value.kind in LOST
        assert peer.run("int(view.sum())") == 499500
    for connection in connections:
        assert connection.is_closed_by_peer()
        connection.close()


def wait_for_parked(wire, expected):
    """Waits until this many requests are parked in the daemon."""

    def parked():
        return wire.ask("instance_status_request")["meta"]["deferred_requests"]

    eventually(lambda: parked() == expected, lambda: f"{expected} parked requests, now {parked()}")


def test_given_parked_requests_when_the_daemon_stops_then_it_exits_0_and_nobody_hangs(daemon):
    with daemon.wire() as waiting, Peer(daemon.socket) as peer:
        waiting.send("get_name_request", name="never", wait=True)
        peer.begin("client.get_name('never', wait=True)")
        with daemon.wire() as other:
            wait_for_parked(other, 2)
        daemon.stop()
        with pytest.raises(PeerError):
            peer.answer()


def test_given_a_daemon_killed_and_restarted_ten_times_when_used_then_clients_get_errors_and_reconnect(daemon):
    with Peer() as peer:
        for round_ in range(10):
            expected = {"round": round_}
            got = peer.run(
                """
                client = vineyard.connect(socket)
                client.timeout_seconds = 60
                ident = client.put(expected)
                client.get(ident)
                """,
                socket=daemon.socket,
                expected=expected,
            )
            assert got == expected
            daemon.kill()
            with pytest.raises(PeerError) as caught:
                peer.run("client.get(ident)")
            assert caught.value.kind in LOST
            assert os.path.exists(daemon.socket)
            daemon.start()
            with daemon.wire() as wire:
                assert wire.ask("list_data_request", pattern="*", limit=10)["content"] is None
                assert wire.memory_usage() == 0


def test_given_a_parked_client_when_the_daemon_is_killed_then_it_gets_an_error_not_a_hang(daemon):
    with Peer(daemon.socket) as peer:
        peer.begin("client.get_name('never', wait=True)")
        with daemon.wire() as wire:
            wait_for_parked(wire, 1)
        daemon.kill()
        with pytest.raises(PeerError) as caught:
            peer.answer()
        assert caught.value.kind in LOST


def test_given_a_client_in_the_middle_of_puts_when_the_daemon_is_killed_then_it_gets_an_error(daemon):
    with Peer(daemon.socket) as peer:
        peer.begin("tell('started')\nwhile True: client.delete(client.put(np.ones(100_000)))")
        assert peer.answer() == "started"
        time.sleep(0.05)  # the moment of the kill, not a wait
        daemon.kill()
        with pytest.raises(PeerError) as caught:
            peer.answer()
        assert caught.value.kind in LOST


def second_daemon(socket_path):
    daemon = Daemon(size="16M", socket_path=socket_path, rpc=False)
    try:
        daemon.spawn()
        status = daemon.process.wait(timeout=PATIENCE)
        return status, daemon.stderr
    finally:
        daemon.discard()


def test_given_a_live_socket_when_a_second_daemon_starts_on_it_then_it_exits_and_the_first_lives(daemon):
    with daemon.wire() as wire:
        ident = wire.new_object()
        status, _ = second_daemon(daemon.socket)
        assert status != 0
        assert wire.exists(ident)
    with daemon.wire() as another:
        assert another.exists(ident)


@pytest.mark.beyond_original
def test_given_a_live_socket_when_a_second_daemon_starts_on_it_then_one_line_names_the_socket(daemon):
    status, told = second_daemon(daemon.socket)
    assert status == 1
    [line] = [line for line in told.splitlines() if daemon.socket in line]
    assert "error" in line.lower()
    assert told.splitlines()[-1] == line, "the error is the last word"


def test_given_a_socket_left_by_a_killed_daemon_when_started_then_it_is_replaced(daemon):
    daemon.kill()
    assert os.path.exists(daemon.socket)
    daemon.start()
    with daemon.wire() as wire:
        assert wire.exists(wire.new_object())


def test_given_a_stale_socket_of_a_stranger_when_started_then_it_is_replaced(start_daemon, tmp_path):
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
    daemon = start_daemon(socket_path=path)
    with daemon.wire() as wire:
        assert wire.registration["ipc_socket"] == str(path)


def test_given_a_file_where_the_socket_should_be_when_started_then_it_exits_and_the_file_stays(tmp_path):
    path = tmp_path / "precious"
    path.write_text("data")
    status, told = second_daemon(path)
    assert status != 0
    assert str(path) in told
    assert path.read_text() == "data"


def test_given_missing_parent_directories_when_started_then_they_are_created(start_daemon, tmp_path):
    path = tmp_path / "a" / "b" / "vineyard.sock"
    daemon = start_daemon(socket_path=path)
    with daemon.wire() as wire:
        assert wire.exists(wire.new_object())


def test_given_an_rpc_port_taken_by_a_stranger_when_started_then_it_exits_1(tmp_path):
    with socket.socket() as stranger:
        stranger.bind(("0.0.0.0", 0))
        stranger.listen()
        daemon = Daemon(size="16M")
        try:
            daemon.flags[daemon.flags.index("--rpc_socket_port") + 1] = str(stranger.getsockname()[1])
            daemon.spawn()
            assert daemon.process.wait(timeout=PATIENCE) == 1
        finally:
            daemon.discard()


def test_given_two_daemons_when_both_run_then_their_stores_are_separate(start_daemon):
    first, second = start_daemon(size="16M"), start_daemon(size="16M")
    one, two = vineyard.connect(first.socket), vineyard.connect(second.socket)
    one.put(np.arange(3), persist=True, name="same")
    two.put(np.arange(5), persist=True, name="same")
    assert (len(one.get(name="same")), len(two.get(name="same"))) == (3, 5)
    one.close()
    two.close()


def test_given_a_closed_pipe_for_its_log_when_it_runs_then_it_lives_on(start_daemon):
    daemon = start_daemon(size="16M")
    os.kill(daemon.pid, signal.SIGPIPE)
    with daemon.wire() as wire:
        assert wire.exists(wire.new_object())


def test_given_a_stop_while_a_transfer_is_stuck_when_signalled_then_it_still_exits_0(daemon):
    with daemon.wire() as owner, daemon.wire_rpc() as sender, daemon.wire_rpc() as reader:
        blob = owner.new_blob(32 << 20)
        sender.ask("create_remote_buffer_request", size=1000, compress=False, use_rdma=False)
        sender.send_bytes(b"x" * 10)
        reader.ask("get_remote_buffers_request", num=1, unsafe=False, compress=False, **{"0": blob})
        daemon.stop()


@pytest.mark.beyond_original
def test_given_a_main_socket_that_is_removed_when_noticed_then_it_is_made_anew(start_daemon):
    port = free_port()
    daemon = start_daemon(size="16M", flags=["--metrics_port", str(port)])
    with daemon.wire() as before:
        os.unlink(daemon.socket)
        eventually(lambda: os.path.exists(daemon.socket), "the socket is there again")
        with daemon.wire() as after:
            ident = after.new_object()
        assert before.exists(ident)
    told = f"somebody has removed {daemon.socket}: it is made anew"
    eventually(lambda: told in daemon.stderr, "the log says so")


@pytest.mark.beyond_original
def test_given_a_main_socket_that_cannot_be_made_anew_when_asked_then_the_store_is_not_ready(start_daemon):
    port = free_port()
    daemon = start_daemon(size="16M", flags=["--metrics_port", str(port)])

    def readiness():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    assert readiness() == (200, "ok\n")
    os.unlink(daemon.socket)
    with open(daemon.socket, "w"):
        pass
    status, text = readiness()
    assert status == 503 and daemon.socket in text
    os.unlink(daemon.socket)
    eventually(lambda: readiness()[0] == 200, "the store is ready again")
