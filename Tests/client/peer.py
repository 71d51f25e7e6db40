"""Another Python process with a client of its own."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from daemon import end_with_parent
from waiting import PATIENCE


class PeerError(Exception):
    """An exception in the other process; `kind` is the name of its class."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Peer:
    """Runs Python source in another process, where `client`, `np`, `pd`, `pa`, `vineyard` exist.

    Without a socket path the process makes no connection of its own. `wrapper` are the words of
    a command that runs the process in other surroundings.
    """

    def __init__(self, socket_path=None, wrapper=()):
        script = Path(__file__).with_name("peer_process.py")
        arguments = [socket_path] if socket_path else []
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,
        )
        assert self.answer() == "ready"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.process.stdin.close()
        self.process.stdout.close()

    def begin(self, source, /, **names):
        """Sends source without waiting; `answer()` collects the result."""
        request = json.dumps({"source": textwrap.dedent(source), "names": names})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()

    def answer(self):
        """The next result, or what the other process passed to `tell`."""
        line = self.process.stdout.readline()
        assert line, "the other process ended without an answer"
        reply = json.loads(line)
        if "error" in reply:
            raise PeerError(reply["error"], reply["message"])
        return reply["value"]

    def run(self, source, /, **names):
        """Runs source with `names` defined and returns the value of its last expression."""
        self.begin(source, **names)
        return self.answer()

    def leave(self):
        """Lets the process end in an orderly way."""
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)

    def kill(self):
        """`kill -9`."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
