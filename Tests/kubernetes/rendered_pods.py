"""Containers of rendered workloads as processes of this machine: their commands, arguments, variables and certificates.

Each pod has a loopback address of its own. Names are resolved by a hosts file that only these processes see, and paths of
mounts stand for directories; nothing else of the arguments is changed.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from command_line import program
from waiting import eventually

ETCD = "/usr/bin/etcd"
CTL = "/usr/bin/etcdctl"
Obj = dict[str, Any]


WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""The number of this run among those that go on at the same time."""


def loopback(subnet: int, number: int) -> str:
    """An address that no other run uses."""
    return f"127.{77 + WORKER}.{subnet}.{number + 1}"


class Machine:
    """A directory for everything, and the names that the pods resolve."""

    def __init__(self, directory: Path, objects: list[Obj]) -> None:
        self.directory = directory
        self.objects = objects
        self.hosts = directory / "hosts"
        self._addresses: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._write_hosts()

    def find(self, kind: str, name: str) -> Obj:
        """A rendered object by its kind and the end of its name."""
        return find(self.objects, kind, name)

    def secret(self, name: str) -> Path:
        """The files of a Secret, written anew, as a kubelet mounts them."""
        found = self.find("Secret", name)
        directory = self.directory / found["metadata"]["name"]
        directory.mkdir(exist_ok=True)
        for key, value in found["data"].items():
            (directory / key).write_bytes(base64.b64decode(value))
        return directory

    def name(self, host: str, address: str) -> None:
        """Let a name be resolved."""
        self._addresses[host] = address
        self._write_hosts()

    def _write_hosts(self) -> None:
        lines = [f"{ip}\t{name}\n" for name, ip in self._addresses.items()]
        self.hosts.write_text("127.0.0.1\tlocalhost\n" + "".join(lines))

    def inside(self, *command: str) -> list[str]:
        """A command that sees the hosts file."""
        bind = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", bind, str(self.hosts), *command]

    def start(self, command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with open(log, "ab") as output:
            process = subprocess.Popen(
                self.inside(*command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": os.environ["PATH"], **environment},
            )
        self._processes.append(process)
        return process

    def run(self, *command: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.inside(*command),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], **environment},
        )

    def end(self) -> None:
        """End everything that still runs."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def find(objects: list[Obj], kind: str, name: str) -> Obj:
    """The only one of a kind whose name ends so."""
    (found,) = (obj for obj in objects if obj["kind"] == kind and obj["metadata"]["name"].endswith(name))
    return found


class Container:
    """A container of a workload's template as a process."""

    def __init__(self, machine: Machine, spec: Obj, variables: dict[str, str], mounts: dict[str, Path]) -> None:
        self._machine = machine
        self._mounts = {mount["mountPath"]: mounts[mount["name"]] for mount in spec["volumeMounts"]}
        self.environment = {entry["name"]: entry["value"] for entry in spec.get("env", ()) if "value" in entry}
        self.environment |= variables
        self._spec = spec

    def command(self, **replaced: str) -> list[str]:
        """Its command with everything that a kubelet puts in; `replaced` are texts for others."""
        words = [*self._spec["command"], *self._spec.get("args", ())]
        return [self._expand(word, replaced) for word in words]

    def _expand(self, word: str, replaced: dict[str, str]) -> str:
        word = re.sub(r"\$\((\w+)\)", lambda match: self.environment[match[1]], word)
        for path, directory in self._mounts.items():
            word = re.sub(rf"(^|=){re.escape(path)}(?=/|$)", rf"\g<1>{directory}", word)
        for text, other in replaced.items():
            word = word.replace(text, other)
        return word


class Member:
    """A pod of etcd's StatefulSet."""

    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        self._set = machine.find("StatefulSet", "-etcd")
        meta = self._set["metadata"]
        self.number = number
        self.name = f"{meta['name']}-{number}"
        self.address = loopback(0, number)
        self.host = f"{self.name}.{self._set['spec']['serviceName']}.{meta['namespace']}.svc"
        self._variables = {"POD_NAME": self.name, "POD_NAMESPACE": meta["namespace"]}
        self._data = machine.directory / f"data-{self.name}"
        self._process: subprocess.Popen[bytes] | None = None
        machine.name(self.host, self.address)

    @property
    def log(self) -> Path:
        return self._machine.directory / f"{self.name}.log"

    def start(self, objects: list[Obj] | None = None) -> None:
        """Start the pod: its init container, then etcd; another rendering of the set counts from now on."""
        if objects is not None:
            self._set = find(objects, "StatefulSet", "-etcd")
        self._data.mkdir(exist_ok=True)
        pod = self._set["spec"]["template"]["spec"]
        mounts = {"data": self._data, "certificates": self._machine.secret("-etcd-server")}
        init, main = (
            Container(self._machine, spec, self._variables, mounts)
            for spec in (*pod["initContainers"], *pod["containers"])
        )
        command = init.command(**{"0.0.0.0": self.address})
        script = f'"{program()}" "$@" && exec {ETCD} "$MAIN"'
        (argument,) = main.command()[1:]
        self._process = self._machine.start(
            ["sh", "-c", script, "sh", *command[1:]], self.log, {**self._variables, "MAIN": argument}
        )

    def kill(self, loses_data: bool = False) -> None:
        """The end of its node, or of its process only."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if loses_data:
            shutil.rmtree(self._data)

    @property
    def is_healthy(self) -> bool:
        """What the readiness probe asks."""
        probe = self._set["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
        assert probe["port"] == "metrics"
        try:
            with urllib.request.urlopen(f"http://{self.address}:2381{probe['path']}", timeout=5) as reply:
                return b'"true"' in reply.read()
        except OSError:
            return False


class Etcd:
    """All members, and etcdctl with the certificate of a store."""

    def __init__(self, machine: Machine, count: int) -> None:
        self._machine = machine
        self.members = [Member(machine, number) for number in range(count)]

    def start(self) -> None:
        for member in self.members:
            member.start()
        self.wait()

    def wait(self) -> None:
        """Until every member is ready."""
        for member in self.members:
            eventually(lambda: member.is_healthy, f"{member.name} is ready:\n{member.log}", 60)

    def ctl(
        self, *words: str, member: int = 0, certificate: str | None = "tls", stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        directory = self._machine.secret("-etcd-client")
        identity = (
            [f"--cert={directory}/{certificate}.crt", f"--key={directory}/{certificate}.key"] if certificate else []
        )
        return self._machine.run(
            CTL,
            f"--endpoints=https://{self.members[member].host}:2379",
            f"--cacert={directory}/ca.crt",
            *identity,
            *words,
            stdin=stdin,
            ETCDCTL_API="3",
        )

    def listed(self, member: int = 0) -> dict[str, int]:
        """The numbers of the members by name."""
        done = self.ctl("member", "list", "-w", "json", member=member)
        assert done.returncode == 0, done.stderr
        return {entry.get("name", ""): entry["ID"] for entry in json.loads(done.stdout)["members"]}

    def get(self, key: str, member: int = 0) -> str:
        done = self.ctl("get", "--print-value-only", key, member=member)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def put(self, key: str, value: str, member: int = 0) -> None:
        """Also while another leader is being elected."""
        done = None

        def is_put() -> bool:
            nonlocal done
            done = self.ctl("put", key, value, member=member)
            return done.returncode == 0

        try:
            eventually(is_put, f"{key} is put", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}: {done and done.stderr}") from None


class Store:
    """A pod of the stores' Deployment."""

    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        self.address = loopback(1, number)
        # All pods share the ports of one machine here.
        self.port = 21_000 + 100 * WORKER + int(self.address.rsplit(".", 1)[1])
        self.directory = machine.directory / f"store-{number}"
        self.directory.mkdir()
        self.socket = self.directory / "vineyard.sock"
        self.log = machine.directory / f"store-{number}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it as the machine's objects describe it now."""
        deployment = next(obj for obj in self._machine.objects if obj["kind"] == "Deployment")
        pod = deployment["spec"]["template"]["spec"]
        mounts = {"vineyard-socket": self.directory, "shm": Path("/dev/shm")} | {
            volume["name"]: self._machine.secret(volume["secret"]["secretName"])
            for volume in pod["volumes"]
            if "secret" in volume
        }
        variables = {"MY_NODE_NAME": self.directory.name, "MY_HOST_NAME": self.address, "USER": "root"}
        container = Container(self._machine, pod["containers"][0], variables, mounts)
        words = container.command(**{"=9600": f"={self.port}", "=9601": "=0"})
        words = [word for word in words if word != "--metrics_port=0"]
        # Which every pod has, and by which the store knows that it may listen on all addresses.
        environment = {**container.environment, "HOME": str(self.directory), "KUBERNETES_SERVICE_HOST": "127.0.0.1"}
        self._process = self._machine.start([program(), "vineyardd", *words[1:]], self.log, environment)

    def stop(self) -> None:
        """End it as Kubernetes does."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(30) == 0, self.log.read_text()

    def ask(self, kind: str, **fields: Any) -> Obj:
        """The reply to a request at its socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            _register(connection)
            return _call(connection, type=kind, **fields)

    def register(self, **fields: Any) -> Obj:
        """The reply to a registration over TCP."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            return _register(connection, **fields)

    def certificate(self, own: Path) -> bytes:
        """What it shows to another store, which has the certificate in a directory."""
        context = ssl.create_default_context(cafile=own / "ca.crt")
        context.check_hostname = False
        context.load_cert_chain(own / "tls.crt", own / "tls.key")
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            assert _register(connection, remote_ranges=True, peer_tls=True)["peer_tls"]
            with context.wrap_socket(connection) as encrypted:
                return encrypted.getpeercert(binary_form=True) or b""

    def wait(self) -> None:
        def probe() -> bool:
            done = subprocess.run([program(), "probe", f"--socket={self.socket}"], capture_output=True)
            return done.returncode == 0

        eventually(probe, f"the store serves: {self.log.read_text()}", 60)


def _register(connection: socket.socket, **fields: Any) -> Obj:
    return _call(connection, type="register_request", version="0.24.2", store_type=1, session_id=0, **fields)


def _call(connection: socket.socket, **message: Any) -> Obj:
    """The reply to a message: a frame of JSON behind its length."""
    text = json.dumps(message).encode()
    connection.sendall(struct.pack("<Q", len(text)) + text)
    return json.loads(_receive(connection, *struct.unpack("<Q", _receive(connection, 8))))


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        assert piece, "the store closed the connection"
        data += piece
    return data
