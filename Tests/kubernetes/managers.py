"""The operator as processes of their own, in a cluster that nobody else plays an operator in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from apiserver.client import Client
from apiserver.double import Double
from apiserver.kubeconfig import with_token
from command_line import program
from waiting import eventually

NAMESPACE = "vineyard-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:vineyard-manager"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/5fa514f1.v6d.io"
HOOKS = ("mvineyardd.kb.io", "mcsidriver.kb.io", "vvineyardd.kb.io", "vcsidriver.kb.io")
DELETION_HOOK = "dvineyardd.kb.io"
PLACEMENT_HOOK = "placement.csi.vineyard.v6d.io"


class Manager:
    """One process, and what it says."""

    def __init__(
        self,
        name: str,
        directory: Path,
        kubeconfig: Path | None,
        *flags: str,
        clock: timedelta = timedelta(),
    ) -> None:
        self.name = name
        self._path = directory / f"{name}.log"
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "POD_NAME": name}
        if kubeconfig is not None:
            environment["KUBECONFIG"] = str(kubeconfig)
        if clock:
            environment["LD_PRELOAD"] = str(_shifted_clock(directory))
            environment["CLOCK_SHIFT"] = str(int(clock.total_seconds()))
        command = [program(), "manager", f"--namespace={NAMESPACE}", "--health-probe-bind-address=127.0.0.1:0", *flags]
        with open(self._path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, env=environment)

    @property
    def log(self) -> str:
        return self._path.read_text()

    def port(self, what: str) -> int:
        """The port of `health`, `metrics` or `resources` (the webhook)."""
        pattern = re.compile(rf"{what} (?:is|are) (?:served|admitted) on port (\d+)")
        return int(eventually(lambda: pattern.search(self.log), f"{self.name} listens for {what}")[1])

    def says(self, text: str, times: int = 1) -> None:
        """Wait until the log has a text."""
        eventually(lambda: self.log.count(text) >= times, f"{self.name} says '{text}':\n{self.log}")

    @property
    def resident(self) -> int:
        """Bytes of memory in use."""
        return self._memory("VmRSS")

    @property
    def data(self) -> int:
        """Bytes of memory in use, those of the program file and of libraries apart."""
        return self._memory("RssAnon")

    def _memory(self, field: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024

    @property
    def told_at(self) -> datetime:
        """The time of its first words, by its own clock."""
        return datetime.fromisoformat(self.log.split(" ", 1)[0].replace("Z", "+00:00"))

    def pause(self) -> None:
        """Let it stand still, as a machine that is suspended."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as Kubernetes does; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def _shifted_clock(directory: Path) -> Path:
    """The library that gives a process another time of day."""
    library = directory / "shifted_clock.so"
    if not library.exists():
        source = Path(__file__).parent / "clock" / "shifted_clock.c"
        command = ["cc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
    return library


class Managers:
    """Starts managers with the rights that `deploy operator` gives them."""

    def __init__(self, double: Double, directory: Path) -> None:
        self.double = double
        self.directory = directory
        self.certificates = directory / "certificates"
        self.certificates.mkdir()
        self.running: list[Manager] = []
        self._kubeconfig = directory / "kubeconfig-manager"
        authority = (double.directory / "ca.crt").read_bytes()
        self._kubeconfig.write_text(with_token(double.server, authority, self.token("vineyard-manager"), NAMESPACE))

    @property
    def api(self) -> Client:
        return self.double.client

    def token(self, account: str) -> str:
        """A token of a service account of the namespace."""
        path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
        reply = self.api.post(path, {"spec": {"expirationSeconds": 24 * 3600}})
        assert reply.status == 201, reply.text
        return reply.json["status"]["token"]

    def start(
        self,
        name: str = "manager-1",
        *flags: str,
        certificates: bool = False,
        clock: timedelta = timedelta(),
    ) -> Manager:
        """Start a replica; with `certificates` it keeps those of the webhook, as in its pod.

        Its time of day is later by `clock` than that of the others.
        """
        directory = self.certificates if certificates else ""
        return self._add(
            Manager(
                name,
                self.directory,
                self._kubeconfig,
                "--leader-elect",
                "--enable-webhook=false",
                f"--webhook-cert-dir={directory}",
                *(() if certificates else ("--metrics-bind-address=0",)),
                *(("--metrics-bind-address=127.0.0.1:0",) if certificates else ()),
                *flags,
                clock=clock,
            )
        )

    def guard_deletions(self, manager: Manager) -> None:
        """Let the API server ask a manager about deletions of clusters."""
        self.double.webhook(DELETION_HOOK, f"https://127.0.0.1:{manager.port('metrics')}")

    def direct_pods(self, manager: Manager) -> None:
        """Let the API server ask a manager about new pods."""
        self.double.webhook(PLACEMENT_HOOK, f"https://127.0.0.1:{manager.port('metrics')}")

    def start_webhook(self) -> Manager:
        """Start what the container `webhook` runs, and let the API server call it."""
        webhook = self._add(
            Manager(
                "webhook",
                self.directory,
                None,
                "--enable-controllers=false",
                f"--webhook-cert-dir={self.certificates}",
                "--metrics-bind-address=0",
                "--webhook-bind-address=127.0.0.1:0",
            )
        )
        for hook in HOOKS:
            self.double.webhook(hook, f"https://127.0.0.1:{webhook.port('resources')}")
        return webhook

    def _add(self, manager: Manager) -> Manager:
        self.running.append(manager)
        return manager

    def holder(self) -> str:
        """The name of the replica that leads, empty when none does."""
        lease = self.api.get(LEASE).json
        return (lease.get("spec", {}).get("holderIdentity") or "").partition("_")[0]

    def end(self) -> None:
        """End all; none may have been ended by a crash before."""
        for manager in self.running:
            if manager.process.poll() is None:
                manager.kill()
        crashed = [m for m in self.running if m.process.returncode not in (0, -signal.SIGKILL)]
        assert not crashed, "\n".join(f"{m.name}: {m.process.returncode}\n{m.log}" for m in crashed)
