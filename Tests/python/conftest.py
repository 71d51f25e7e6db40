"""Fixtures: a store for each module, our client in this process, the released one in another."""

import faulthandler
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANG_LIMIT = 120
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "python"), str(HERE), str(HERE.parent / "client")]

from daemon import Daemon  # noqa: E402

RELEASED_PYTHON = os.environ.get("RELEASED_PYTHON", str(ROOT / ".venv/bin/python"))
for variable in ("VINEYARD_IPC_SOCKET", "VINEYARD_RPC_ENDPOINT", "JOB_NAME", "POD_NAME", "POD_NAMESPACE"):
    os.environ.pop(variable, None)
os.environ["VINEYARD_CONFIG"] = "/nonexistent"
os.environ["VINEYARD_IPC_SKIP_RETRY"] = os.environ["VINEYARD_RPC_SKIP_RETRY"] = "1"


@pytest.fixture(autouse=True)
def no_test_hangs():
    """Ends the run with a traceback when a test is stuck."""
    faulthandler.dump_traceback_later(HANG_LIMIT, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def store():
    """The module's daemon; its directory is like a mounted volume."""
    daemon = Daemon(size="512M")
    try:
        yield daemon.start()
        daemon.stop()
    finally:
        daemon.discard()


@pytest.fixture
def start_daemon():
    """Starts further daemons."""
    daemons = []

    def start(size="64M", **options):
        daemons.append(Daemon(size=size, **options))
        return daemons[-1].start()

    yield start
    for daemon in daemons:
        daemon.discard()


@pytest.fixture
def client(store):
    """Our client. Afterwards the store is emptied."""
    import vineyard

    with vineyard.connect(store.socket) as connected:
        yield connected
        connected.clear()


@pytest.fixture
def memory_usage(client):
    """Bytes that the store has in blobs."""
    return lambda: client.status.memory_usage


class ReleasedClient:
    """The released client, in a process of its own."""

    def __init__(self, socket):
        self.process = subprocess.Popen(
            [RELEASED_PYTHON, "-B", "-W", "ignore", str(HERE / "released_client.py"), socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, operation, name=None, identifier=None):
        """Let it do something; its failure is ours."""
        self.process.stdin.write(json.dumps([operation, name, identifier]) + "\n")
        self.process.stdin.flush()
        succeeded, answer = json.loads(self.process.stdout.readline())
        assert succeeded, f"the released client failed to {operation} {name}:\n{answer}"
        return answer

    def stop(self):
        """Let it end."""
        with self.process:
            self.process.stdin.close()
            self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def released(store):
    """The released client, connected to the module's store."""
    process = ReleasedClient(store.socket)
    yield process
    process.stop()
