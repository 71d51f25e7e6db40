"""The driver under test as a process."""

import os
import signal
import subprocess

from daemon import CRASH_MARKS, REPOSITORY, end_with_parent
from harness.rpc import Endpoint
from waiting import PATIENCE, eventually


def program():
    """The binary under test."""
    return os.environ.get("VINEYARDCTL", str(REPOSITORY / ".build/release/vineyardctl"))


def environment():
    """The environment of a program that runs in no pod and knows no cluster."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


class Driver:
    """`vineyardctl csi` on a Unix socket; `call`, `refused`, `begin` are those of its `Endpoint`."""

    def __init__(self, directory, root, node="node-1", mode="all", name="csi", flags=(), **variables):
        self.directory = directory
        self.socket = directory / f"{name}.sock"
        self.state_file = directory / f"{name}.state"
        self._log = directory / f"{name}.log"
        self._command = [program(), "csi", f"--endpoint=unix://{self.socket}", f"--nodeid={node}"]
        self._command += [f"--state-file-path={self.state_file}", f"--socket-root={root}", f"--mode={mode}", *flags]
        self._environment = {**environment(), **variables}
        self.process = None
        self.endpoint = None

    @property
    def log(self):
        """What it wrote to standard error, of all its lives."""
        return self._log.read_text(errors="replace")

    def start(self):
        """Starts it and returns once it answers."""
        self.spawn()
        eventually(self._answers, f"the driver answers on {self.socket}")
        return self

    def spawn(self):
        """Starts it without waiting."""
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                preexec_fn=end_with_parent)  # fmt: skip
        return self

    def _answers(self):
        assert self.process.poll() is None, f"the driver exited with {self.process.returncode}:\n{self.log}"
        if not self.socket.exists():
            return False
        if self.endpoint is None:
            # A connection that failed waits before it tries again, so there is one only for a socket that is there.
            self.endpoint = Endpoint(f"unix:{self.socket}")
        if self.endpoint.is_there():
            return True
        self._disconnect()
        return False

    def _disconnect(self):
        if self.endpoint is not None:
            self.endpoint.close()
            self.endpoint = None

    def call(self, method, **fields):
        return self.endpoint.call(method, **fields)

    def attempt(self, method, **fields):
        return self.endpoint.attempt(method, **fields)

    def refused(self, method, **fields):
        return self.endpoint.refused(method, **fields)

    def begin(self, method, **fields):
        return self.endpoint.begin(method, **fields)

    def kill(self):
        """`kill -9`; its socket stays behind."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self._disconnect()

    def terminate(self):
        """Asks it to stop, and doesn't wait."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """An orderly stop: exit status 0, no socket left, no crash."""
        self.terminate()
        status = self.process.wait(timeout=PATIENCE)
        self._disconnect()
        assert status == 0, f"exit status {status}:\n{self.log}"
        assert not self.socket.exists()
        for mark in CRASH_MARKS:
            assert mark not in self.log, self.log

    def end(self):
        """Stops it in an orderly way if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
