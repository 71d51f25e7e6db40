"""Fixtures: each test module gets a daemon of its own, each test a clean store."""

import faulthandler
import os
import shutil

import pytest
import vineyard

from daemon import Daemon
from etcd import Etcd
from isolation import isolate
from peer import Peer
from waiting import eventually

HANG_LIMIT = 240
for variable in ("VINEYARD_IPC_SOCKET", "VINEYARD_RPC_ENDPOINT", "JOB_NAME", "POD_NAME", "POD_NAMESPACE"):
    os.environ.pop(variable, None)
os.environ["VINEYARD_CONFIG"] = "/nonexistent"
os.environ["VINEYARD_IPC_SKIP_RETRY"] = os.environ["VINEYARD_RPC_SKIP_RETRY"] = "1"


def pytest_configure(config):
    """Several workers at a time must not meet (`-n 2`)."""
    if hasattr(config, "workerinput"):
        isolate()


@pytest.fixture(autouse=True)
def no_test_hangs():
    """Ends the run with a traceback when a test is stuck, even inside the native client."""
    faulthandler.dump_traceback_later(HANG_LIMIT, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def store_options():
    """Arguments for the module's daemon; a module overrides this fixture to change them."""
    return {}


@pytest.fixture(scope="module")
def store(store_options):
    """The module's daemon; stopping it is a test too: exit 0, socket gone, no crash."""
    daemon = Daemon(**store_options)
    try:
        yield daemon.start()
        vineyard.connect(daemon.socket).close()
        daemon.stop()
    finally:
        daemon.discard()


@pytest.fixture(scope="module")
def etcd():
    """An etcd for the module's daemons."""
    if shutil.which("etcd") is None:
        pytest.fail("no etcd: scripts/test installs etcd-server")
    server = Etcd()
    try:
        yield server.start()
    finally:
        server.discard()


@pytest.fixture
def start_daemon():
    """Starts further daemons; those still running at the end must stop in an orderly way."""
    daemons = []

    def start(**options):
        daemons.append(Daemon(**options))
        return daemons[-1].start()

    yield start
    try:
        for daemon in daemons:
            if daemon.process.poll() is None:
                daemon.stop()
    finally:
        for daemon in daemons:
            daemon.discard()


@pytest.fixture
def client(store):
    """The released client, connected over IPC. Afterwards the store is emptied."""
    connection = vineyard.connect(store.socket)
    connection.timeout_seconds = 60
    yield connection
    connection.clear()
    for name in connection.list_names("*", limit=1_000_000):
        connection.drop_name(name)


@pytest.fixture
def second_client(client):
    """A second IPC connection of this process to the same daemon.

    Never closed by hand: the released client would close the first one with it.
    """
    return client.ipc_client.fork()


@pytest.fixture
def rpc_client(store, client):
    """The released client, connected over TCP only."""
    connection = vineyard.connect("127.0.0.1", store.rpc_port)
    yield connection
    connection.compression = True


@pytest.fixture
def wire(store, client):
    """A registered raw connection over IPC."""
    with store.wire() as connection:
        yield connection


@pytest.fixture
def wire_rpc(store, client):
    """A registered raw connection over TCP."""
    with store.wire_rpc() as connection:
        yield connection


@pytest.fixture
def peer(store, client):
    """Another Python process connected to the same daemon."""
    with Peer(store.socket) as process:
        yield process


@pytest.fixture
def usage_returns_to(client):
    """Waits until the store reports this many bytes in use."""

    def wait(expected):
        eventually(
            lambda: client.status.memory_usage == expected,
            lambda: f"usage of {expected} bytes, still {client.status.memory_usage}",
        )

    return wait


@pytest.fixture
def wait_for_parked(client):
    """Waits until this many requests are parked in the daemon."""

    def wait(expected):
        eventually(
            lambda: client.status.deferred_requests == expected,
            lambda: f"{expected} parked requests, now {client.status.deferred_requests}",
        )

    return wait
