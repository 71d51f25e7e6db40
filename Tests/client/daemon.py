"""Starts, watches and stops the store daemon under test."""

import ctypes
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from waiting import PATIENCE, eventually
from wire import WireClient

REPOSITORY = Path(__file__).resolve().parents[2]

CRASH_MARKS = (
    "Fatal error",
    "Program crashed",
    "Unhandled exception",
    "terminate called",
    "Segmentation fault",
    "*** Aborted",
    "Sanitizer",
)


def daemon_command():
    """The words that start the daemon, flags to be appended.

    `VINEYARDD` holds a whole command and wins; `VINEYARDCTL` is the path of our
    executable, by default the release build of this repository.
    """
    if command := os.environ.get("VINEYARDD"):
        return shlex.split(command)
    executable = os.environ.get("VINEYARDCTL", str(REPOSITORY / ".build/release/vineyardctl"))
    return [executable, "vineyardd"]


# The stop of the wheel's daemon is not judged: now and then it hangs, dies of an exception,
# or leaves its socket behind.
IS_THE_ORIGINAL = "/bdist/" in os.environ.get("VINEYARDD", "")
STOP_PATIENCE = 3 if IS_THE_ORIGINAL else 20


def free_port():
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent():
    """Runs in the child before exec: no daemon outlives an aborted test run."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """One daemon with local metadata, its directory, socket and RPC port."""

    def __init__(self, size="256M", flags=(), socket_path=None, rpc=True, command=None):
        self.directory = Path(tempfile.mkdtemp(prefix="vineyard-test-"))
        self.socket = str(socket_path or self.directory / "vineyard.sock")
        self.rpc_port = free_port() if rpc else None
        self.flags = ["--meta", "local", "--size", size, "--socket", self.socket]
        self.flags += ["--rpc_socket_port", str(self.rpc_port)] if rpc else ["--norpc"]
        self.flags += list(flags)
        self.command = command or daemon_command()
        self.environment = {**os.environ, "MY_HOST_NAME": "127.0.0.1", "GLOG_log_dir": str(self.directory)}
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def stderr(self):
        return (self.directory / "stderr").read_text(errors="replace")

    def spawn(self):
        """Starts the process without waiting for it."""
        with open(self.directory / "stdout", "ab") as out, open(self.directory / "stderr", "ab") as err:
            self.process = subprocess.Popen(
                self.command + self.flags,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment,
                preexec_fn=end_with_parent,
            )
        return self

    def start(self):
        """Starts the process and returns once both listeners answer, whatever the answer is."""
        self.spawn()
        eventually(self.accepts, f"the daemon accepts on {self.socket}")
        return self

    def accepts(self):
        assert self.process.poll() is None, f"the daemon exited with {self.process.returncode}:\n{self.stderr}"
        try:
            for target in [{"path": self.socket}] + [{"port": self.rpc_port}] * (self.rpc_port is not None):
                with WireClient(**target) as connection:
                    connection.call("register_request")
        except (ConnectionError, FileNotFoundError):
            return False
        return True

    def wire(self):
        """A registered raw connection to the IPC socket."""
        return WireClient(self.socket).register()

    def wire_rpc(self):
        """A registered raw connection to the RPC port."""
        return WireClient(port=self.rpc_port).register()

    def stop(self, with_signal=signal.SIGTERM):
        """An orderly stop: exit status 0, no socket file left, no crash on stderr."""
        self.process.send_signal(with_signal)
        try:
            status = self.process.wait(timeout=STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            status = f"none within {STOP_PATIENCE} s"
        if IS_THE_ORIGINAL:
            return self.remove_what_is_left()
        assert status == 0, f"exit status {status} after signal {with_signal}:\n{self.stderr}"
        assert not os.path.exists(self.socket), "the socket file is still there"
        self.assert_no_crash()

    def remove_what_is_left(self):
        self.kill()
        for path in Path(self.socket).parent.glob(f"{Path(self.socket).name}*"):
            path.unlink()

    def assert_no_crash(self):
        told = self.stderr
        for mark in CRASH_MARKS:
            assert mark not in told, f"stderr says {mark!r}:\n{told}"

    def kill(self):
        """`kill -9`; the socket file stays behind."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def discard(self):
        """Removes what the daemon left on disk; kills it if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def run_daemon(*flags, timeout=PATIENCE, executable=None):
    """Runs the daemon to its end and returns the completed process; for runs that must exit."""
    command = [executable] if executable else daemon_command()
    return subprocess.run(
        command + list(flags),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "GLOG_log_dir": tempfile.gettempdir()},
        preexec_fn=end_with_parent,
    )
