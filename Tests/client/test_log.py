"""The log: nobody has to read it."""

import fcntl
import signal
import subprocess
import urllib.request

import pytest

from daemon import Daemon, end_with_parent, free_port
from waiting import PATIENCE, eventually

pytestmark = pytest.mark.beyond_original


class UnreadDaemon(Daemon):
    """A daemon whose stderr is a pipe of one page."""

    def spawn(self):
        self.process = subprocess.Popen(
            self.command + self.flags,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.environment,
            preexec_fn=end_with_parent,
        )
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        return self

    @property
    def stderr(self):
        return "(in a pipe)"


@pytest.fixture
def unread():
    daemon = UnreadDaemon(size="16M", rpc=False, flags=["--verbose", "--metrics_port", str(free_port())])
    try:
        yield daemon.start()
    finally:
        daemon.discard()


def test_given_a_pipe_that_nobody_reads_when_it_is_full_then_the_store_goes_on_and_counts(unread):
    with unread.wire() as wire:
        for index in range(20_000):
            assert wire.exists(index + 1) is False
        wire.new_object()
    port = unread.flags[-1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        page = answer.read().decode()
    [dropped] = [line.split()[1] for line in page.splitlines() if line.startswith("vineyard_log_dropped_lines_total ")]
    assert int(dropped) > 0


def test_given_a_pipe_that_nobody_reads_when_stopped_then_it_ends(unread):
    with unread.wire() as wire:
        for index in range(5_000):
            wire.exists(index + 1)
    unread.process.send_signal(signal.SIGTERM)
    assert unread.process.wait(timeout=20) == 0


def test_given_a_reader_that_comes_late_when_it_reads_then_it_is_told_what_it_missed(unread):
    with unread.wire() as wire:
        for index in range(20_000):
            wire.exists(index + 1)
    told = b""

    def read():
        nonlocal told
        told += unread.process.stderr.read1(1 << 16)
        return b"lines of the log were dropped" in told

    eventually(read, "the log says that lines were dropped")


def test_given_a_hangup_when_it_arrives_then_the_store_stays_and_says_so(start_daemon):
    daemon = start_daemon(size="16M")
    with daemon.wire() as wire:
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: "SIGHUP" in daemon.stderr, "the signal is in the log")
        wire.new_object()
    assert daemon.process.poll() is None


def test_given_a_log_file_when_stopped_then_its_last_line_is_there(start_daemon):
    daemon = start_daemon(size="16M")
    daemon.stop()
    assert daemon.stderr.endswith("stopped\n")
