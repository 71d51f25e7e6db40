"""`--htpasswd`: the file decides who may register, over both kinds of socket."""

import subprocess

import pytest
import vineyard

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


def test_given_a_password_file_that_is_not_there_when_registering_then_it_is_refused(start_daemon, tmp_path):
    daemon = start_daemon(flags=["--htpasswd", str(tmp_path / "missing")])
    with WireClient(daemon.socket) as connection:
        assert connection.refused("register_request", username=USER, password=PASSWORD)[0] == 34
