"""`--htpasswd`: the file decides who may register, over both kinds of socket."""

import os
import subprocess
import time

import pytest
import vineyard

from daemon import Daemon, run_daemon
from wire import WireClient

USER, PASSWORD = "alice", "correct horse: $battery"


@pytest.fixture(scope="module")
def password_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("auth") / "htpasswd"
    subprocess.run(["htpasswd", "-c", "-B", "-b", str(path), USER, PASSWORD], check=True, capture_output=True)
    subprocess.run(["htpasswd", "-m", "-b", str(path), "bob", "md5-password"], check=True, capture_output=True)
    return path


@pytest.fixture
def guarded(start_daemon, password_file):
    """A daemon that asks for a password."""
    return start_daemon(flags=["--htpasswd", str(password_file)])


@pytest.mark.parametrize("user, password", [(USER, PASSWORD), ("bob", "md5-password")])
def test_given_the_right_password_when_connected_over_ipc_then_values_can_be_put(guarded, user, password):
    connection = vineyard.connect(guarded.socket, username=user, password=password)
    assert connection.get(connection.put({"a": 1})) == {"a": 1}
    connection.close()


def test_given_the_right_password_when_connected_over_rpc_then_values_can_be_put(guarded):
    connection = vineyard.connect("127.0.0.1", guarded.rpc_port, username=USER, password=PASSWORD)
    assert connection.get(connection.put("text")) == "text"
    connection.close()


WRONG = [(USER, "wrong"), (USER, ""), ("", ""), ("mallory", PASSWORD), (USER, PASSWORD + " "), (PASSWORD, USER)]


@pytest.mark.parametrize("user, password", WRONG)
def test_given_wrong_credentials_when_connected_over_ipc_then_connection_error_is_raised(guarded, user, password):
    with pytest.raises(vineyard.ConnectionErrorException):
        vineyard.connect(guarded.socket, username=user, password=password)


def test_given_no_credentials_when_connected_then_connection_error_is_raised(guarded):
    with pytest.raises(vineyard.ConnectionErrorException):
        vineyard.connect(guarded.socket)


@pytest.mark.parametrize("transport", ["ipc", "rpc"])
def test_given_a_refused_registration_when_it_asks_anyway_then_it_is_still_a_stranger(guarded, transport):
    target = {"path": guarded.socket} if transport == "ipc" else {"port": guarded.rpc_port}
    with WireClient(**target) as connection:
        code, message = connection.refused("register_request", username=USER, password="wrong")
        assert code == 34
        assert "Incorrect username and password" in message
        assert connection.refused("exists_request", id=1)[0] == 1
        connection.register(username=USER, password=PASSWORD)
        assert connection.exists(1) is False


def test_given_shell_characters_in_the_password_when_checked_then_nothing_is_executed(guarded, tmp_path):
    trap = tmp_path / "executed"
    with WireClient(guarded.socket) as connection:
        for text in (f"$(touch {trap})", f"`touch {trap}`", f"; touch {trap} #", f"' ; touch {trap} ; '"):
            assert connection.refused("register_request", username=text, password=text)[0] == 34
    assert not trap.exists()


@pytest.mark.beyond_original
def test_given_a_password_file_that_is_not_there_when_started_then_it_says_so_in_one_line(tmp_path):
    missing = tmp_path / "missing"
    done = run_daemon("--meta=local", "--norpc", f"--socket={tmp_path / 's'}", f"--htpasswd={missing}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and str(missing) in done.stderr


@pytest.mark.beyond_original
def test_given_a_password_file_that_goes_away_when_registering_then_it_is_refused(
    start_daemon, password_file, tmp_path
):
    copy = tmp_path / "htpasswd"
    copy.write_bytes(password_file.read_bytes())
    daemon = start_daemon(flags=["--htpasswd", str(copy)])
    with WireClient(daemon.socket) as connection:
        copy.unlink()
        assert connection.refused("register_request", username=USER, password=PASSWORD)[0] == 34


@pytest.mark.beyond_original
def test_given_a_user_who_is_added_when_registering_then_no_restart_is_needed(start_daemon, password_file, tmp_path):
    copy = tmp_path / "htpasswd"
    copy.write_bytes(password_file.read_bytes())
    daemon = start_daemon(flags=["--htpasswd", str(copy)])
    subprocess.run(["htpasswd", "-B", "-b", str(copy), "carol", "new"], check=True, capture_output=True)
    with WireClient(daemon.socket) as connection:
        connection.register(username="carol", password="new")


@pytest.mark.beyond_original
def test_given_no_htpasswd_program_when_checked_then_every_form_of_hash_works(start_daemon, tmp_path):
    file = tmp_path / "htpasswd"
    forms = {"bcrypt": "-B", "md5": "-m", "sha1": "-s", "crypt": "-d", "sha256": "-2", "sha512": "-5"}
    for index, (user, form) in enumerate(forms.items()):
        create = ["-c"] if index == 0 else []
        command = ["htpasswd", *create, "-b", form, str(file), user, f"pw-{user}"[:8]]
        subprocess.run(command, check=True, capture_output=True)
    daemon = Daemon(flags=["--htpasswd", str(file)])
    daemon.environment["PATH"] = "/nonexistent"
    try:
        daemon.start()
        for user in forms:
            with WireClient(daemon.socket) as connection:
                connection.register(username=user, password=f"pw-{user}"[:8])
        daemon.stop()
    finally:
        daemon.discard()


def threads_and_children(pid):
    children = [
        entry
        for entry in os.listdir("/proc")
        if entry.isdigit() and f"\nPPid:\t{pid}\n" in read_or_nothing(f"/proc/{entry}/status")
    ]
    return len(os.listdir(f"/proc/{pid}/task")), len(children)


def read_or_nothing(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


@pytest.mark.beyond_original
def test_given_hundreds_of_attempts_when_their_clients_leave_then_nothing_piles_up(start_daemon, tmp_path):
    file = tmp_path / "htpasswd"
    # A check takes about a second.
    subprocess.run(["htpasswd", "-c", "-B", "-C", "14", "-b", str(file), USER, PASSWORD], check=True)
    daemon = start_daemon(flags=["--htpasswd", str(file)])
    before, _ = threads_and_children(daemon.pid)
    for _ in range(300):
        with WireClient(port=daemon.rpc_port) as connection:
            connection.send("register_request", username=USER, password="wrong")
    threads, children = threads_and_children(daemon.pid)
    assert threads <= before + 1
    assert children == 0
    with WireClient(daemon.socket) as connection:
        connection.register(username=USER, password=PASSWORD)


@pytest.mark.beyond_original
def test_given_wrong_passwords_in_a_row_when_repeated_then_the_next_checks_wait(guarded):
    with WireClient(guarded.socket) as connection:
        start = time.monotonic()
        for _ in range(4):
            connection.refused("register_request", username=USER, password="wrong")
        # Not a measure of speed: 0.2 + 0.4 + 0.8 s are waited at least.
        assert time.monotonic() - start >= 1.4
        with WireClient(port=guarded.rpc_port) as other:
            other.register(username=USER, password=PASSWORD)


@pytest.mark.beyond_original
def test_given_wrong_passwords_of_one_client_when_another_of_its_address_has_the_right_one_then_it_is_answered_before(
    guarded,
):
    with WireClient(port=guarded.rpc_port) as wrong, WireClient(port=guarded.rpc_port) as right:
        for _ in range(5):
            wrong.refused("register_request", username=USER, password="wrong")
        # The sixth is answered after three seconds, and not before the right one.
        wrong.send("register_request", username=USER, password="wrong")
        right.register(username=USER, password=PASSWORD)
        assert wrong.is_quiet()


@pytest.mark.beyond_original
def test_given_no_password_yet_when_a_message_is_long_then_the_connection_ends(guarded):
    with WireClient(guarded.socket) as connection:
        connection.send("register_request", username="x" * 100_000)
        assert connection.is_closed_by_peer()


@pytest.mark.beyond_original
def test_given_no_password_when_a_session_is_named_then_only_the_password_matters(guarded):
    with WireClient(port=guarded.rpc_port) as connection:
        for session in (0, 12345):
            assert connection.refused("register_request", session_id=session)[0] == 34
