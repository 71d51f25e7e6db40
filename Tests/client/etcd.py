"""A genuine etcd for tests, on free loopback ports, with a directory of its own."""

import base64
import json
import contextlib
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from daemon import end_with_parent, free_port
from waiting import eventually


class Etcd:
    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="etcd-test-"))
        self.client, self.peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.process = None

    def start(self):
        (self.directory / "log").unlink(missing_ok=True)
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/etcd", "--data-dir", self.directory / "data"]
                + ["--listen-client-urls", self.client, "--advertise-client-urls", self.client]
                + ["--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer]
                + ["--initial-cluster", f"default={self.peer}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        eventually(
            lambda: "ready to serve client requests" in (self.directory / "log").read_text(), "etcd serves clients"
        )
        return self

    def flags(self, prefix="test"):
        """What a daemon is started with to keep its metadata here."""
        return ["--meta", "etcd", "--etcd_endpoint", self.client, "--etcd_prefix", prefix]

    def delete_prefix(self, prefix):
        """Deletes all keys that begin with a text, over the JSON gateway."""
        start, end = (
            base64.b64encode(text.encode()).decode() for text in (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        )
        body = json.dumps({"key": start, "range_end": end}).encode()
        with urllib.request.urlopen(f"{self.client}/v3/kv/deleterange", body) as reply:
            assert int(json.load(reply).get("deleted", 0)) > 0, f"no key begins with {prefix}"

    @contextlib.contextmanager
    def hung(self):
        """It takes connections and requests, and answers nothing until the end."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        eventually(
            lambda: all(") T " in (task / "stat").read_text() for task in tasks.iterdir()), "every thread has stopped"
        )
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def discard(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
