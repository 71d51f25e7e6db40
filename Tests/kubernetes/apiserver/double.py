"""A double as a process of its own, and what a test can tell it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .client import Client

_ROOT = Path(__file__).resolve().parent.parent


class Double:
    """A running double. Start it with the options of the command line; `stop` ends it."""

    # It does what tests say: faults, denials, records of requests.
    controllable = True

    def __init__(self, directory: Path, *options: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._log = open(directory / "log", "wb")  # noqa: SIM115 - open as long as the process runs
        command = [sys.executable, "-m", "apiserver", "--directory", str(directory), "--with-parent", *options]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the double did not start: {self.log}")
        self.server: str = json.loads(line)["server"]
        self.kubeconfig = directory / "kubeconfig"
        self.client = Client(self.server, directory)
        self._disturbs = False

    @property
    def log(self) -> str:
        """What the double wrote to standard error."""
        return (self.directory / "log").read_text()

    def stop(self) -> int:
        """End the double; returns its exit status."""
        self.client.close()
        self.process.terminate()
        status = self.process.wait(30)
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()
        return status

    def _control(self, method: str, name: str, body: Any = None) -> Any:
        reply = self.client.send(method, f"/double/{name}", body)
        if reply.status != 200:
            raise ValueError(reply.json["message"])
        return reply.json

    def reset(self) -> None:
        """The cluster as it was at the start, without faults, denials and records."""
        self._control("POST", "reset")
        self._disturbs = False

    def _inject(self, name: str, body: Any) -> Any:
        self._disturbs = True
        return self._control("POST", name, body)

    def fault(self, kind: str, **fault: Any) -> None:
        """Let requests fail; see the table in README.md."""
        self._inject("faults", {"kind": kind, **fault})

    def injections(self) -> dict[str, int]:
        """How often each disturbance struck that tests asked for since the last reset, cleared ones included."""
        return self._control("GET", "injections")["counts"]

    def struck(self, text: str) -> bool:
        """Whether a disturbance has struck whose description contains a text."""
        return any(count for name, count in self.injections().items() if text in name)

    def check_injections(self) -> None:
        """Raise `AssertionError` when a disturbance that a test asked for never struck."""
        missing = self._control("GET", "injections")["missing"] if self._disturbs else []
        assert not missing, f"asked for, but met by no request and no pod: {'; '.join(missing)}"

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def deny(self, **rule: str) -> None:
        """Answer 403 where user, verb, group, resource and namespace are as given."""
        self._inject("denials", rule)

    def allow_all(self) -> None:
        self._control("DELETE", "denials")

    def image(self, pattern: str, behaviour: str, **more: Any) -> None:
        """What becomes of containers whose image matches; the newest rule wins."""
        self._inject("images", {"pattern": pattern, "behaviour": behaviour, **more})

    def clear_images(self) -> None:
        self._control("DELETE", "images")

    def node(self, name: str, action: str, **more: Any) -> None:
        """add, remove, cordon, uncordon, taint, untaint, label, memory, ready, images, kubelet."""
        self._control("POST", "nodes", {"name": name, "action": action, **more})

    def token(self, token: str, user: str, groups: tuple[str, ...] = (), seconds: float | None = None) -> None:
        """Accept a bearer token, for ever or for some seconds."""
        more = {} if seconds is None else {"seconds": seconds}
        self._control("POST", "tokens", {"token": token, "user": user, "groups": groups, **more})

    def revoke(self, token: str) -> None:
        self._control("POST", "tokens/revoke", {"token": token})

    def password(self, user: str, password: str, groups: tuple[str, ...] = ()) -> None:
        self._control("POST", "passwords", {"user": user, "password": password, "groups": groups})

    def log_text(self, namespace: str, pod: str, text: str, container: str = "") -> None:
        """The log of a pod, or of all pods of the workload of that name."""
        self._control("POST", "logs", {"namespace": namespace, "pod": pod, "container": container, "text": text})

    def forward(self, namespace: str, pod: str, port: int, to: int) -> None:
        """Where port forwarding to a pod (or a workload's pods) leads on this machine."""
        self._control("POST", "portforward", {"namespace": namespace, "pod": pod, "port": port, "to": to})

    def webhook(self, name: str, url: str) -> None:
        """Really call the webhook of that name, at a URL of this machine."""
        self._control("POST", "webhooks", {"name": name, "url": url})

    def compact(self, optional: bool = False) -> None:
        """Forget history: earlier resourceVersions and continue tokens answer 410, which somebody should meet."""
        self._inject("compact", {"optional": optional})

    def drop_watches(self, optional: bool = False) -> int:
        """Cut every open watch; returns how many there were, which should not always be none."""
        return self._inject("watches/drop", {"optional": optional})["dropped"]

    def open_watches(self) -> int:
        """How many watches are open now."""
        return self._control("GET", "watches")["open"]

    def requests(self) -> list[dict[str, Any]]:
        """What was asked so far, oldest first, the control endpoint apart."""
        return self._control("GET", "requests")

    def clear_requests(self) -> None:
        self._control("DELETE", "requests")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings such as `pod_delay` or `kubernetes_version`; returns all of them."""
        return self._control("POST", "settings", changes)
