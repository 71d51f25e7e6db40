"""Given the pod of a store as it is rendered, when the store runs with what that pod gives it and no more, then it serves
volumes: on its node to whoever reaches its socket, over the network to who knows the token."""

import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from command_line import program
from waiting import eventually

# The pod's view of the file system: the node's directory at /var/run, shared memory, the Secret, all else read-only.
POD = """
set -e
mount --make-rprivate /
mount --bind "$1/run" "$(readlink -f /var/run)"
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /etc
mkdir -p "$(dirname "$2")"
cp -r "$1/token" "$2"
mount -o remount,bind,ro /
shift 2
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
"""


def can_confine():
    probe = ["unshare", "--mount", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs tmpfs /etc"]
    return (
        os.geteuid() == 0
        and shutil.which("setpriv") is not None
        and subprocess.run(probe, capture_output=True).returncode == 0
    )


pytestmark = pytest.mark.skipif(not can_confine(), reason="needs root that may mount, and setpriv")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Connection:
    """A registered client of the store."""

    def __init__(self, address):
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(30)
        self.socket.connect(address)
        assert self.ask("register_request", version="0.24.2", store_type=1)["type"] == "register_reply"

    def ask(self, kind, **fields):
        body = json.dumps({"type": kind, **fields}).encode()
        self.socket.sendall(struct.pack("<Q", len(body)) + body)
        return json.loads(self.receive(struct.unpack("<Q", self.receive(8))[0]))

    def receive(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, "closed"
            data += piece
        return data


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Pod:
    """A store that runs like the rendered container."""

    def __init__(self, objects, directory):
        deployment = next(obj for obj in objects if obj["kind"] == "Deployment")
        secret = next(obj for obj in objects if obj["kind"] == "Secret")
        spec = deployment["spec"]["template"]["spec"]
        container = spec["containers"][0]
        context = container["securityContext"]
        assert (context["runAsUser"], context["readOnlyRootFilesystem"]) == (0, True)
        assert context["capabilities"] == {"drop": ["ALL"]} and not context["allowPrivilegeEscalation"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts["vineyard-socket"] == "/var/run"
        # The kubelet makes the directory of the node like this.
        (directory / "run").mkdir(mode=0o755)
        (directory / "token").mkdir()
        self.token = base64.b64decode(secret["data"]["token"]).decode()
        (directory / "token" / "token").write_text(self.token)
        self.run = directory / "run"
        self.rpc = ("127.0.0.1", free_port())
        ports = {"--rpc_socket_port=9600": self.rpc[1], "--metrics_port=9601": free_port()}
        arguments = [f"{arg.split('=')[0]}={ports[arg]}" if arg in ports else arg for arg in container["args"]]
        command = [program(), "vineyardd", *arguments, "--size=64M"]
        self.log = (directory / "log").open("w+")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", POD, "sh", str(directory), mounts["admin-token"], *command],
            stdout=self.log,
            stderr=self.log,
            env={"PATH": os.environ["PATH"], "MY_HOST_NAME": "127.0.0.1"},
            preexec_fn=end_with_parent,
        )

    def story(self):
        self.log.seek(0)
        return self.log.read()

    def connect(self):
        path = self.run / "vineyard.sock"
        eventually(lambda: path.exists() or self.process.poll() is not None, "the store listens")
        assert self.process.poll() is None, self.story()
        return Connection(str(path))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.story()


@pytest.fixture
def store(vineyardctl):
    output = vineyardctl("deploy", "vineyard-deployment", "--dry-run=client", "--meta=local").output
    # The path of a socket has room for 107 bytes, which pytest's directories may be too long for.
    with tempfile.TemporaryDirectory(prefix="store-") as directory:
        pod = Pod(list(yaml.safe_load_all(output)), Path(directory))
        try:
            yield pod
            pod.end()
        finally:
            pod.process.kill()


def capabilities(pid):
    with open(f"/proc/{pid}/status") as status:
        return {line.split()[0]: int(line.split()[1], 16) for line in status if line.startswith("Cap")}


def test_given_no_capability_and_a_root_that_is_read_only_when_asked_then_volumes_open_on_the_node(store):
    client = store.connect()
    assert set(capabilities(store.process.pid).values()) == {0}

    reply = client.ask("open_volume_request", id="v1", scope="volume", on_delete="delete", quota=1 << 20)

    assert reply["type"] == "open_volume_reply", reply
    directory = store.run / "volumes" / "v1"
    for path in (directory, directory / "read-only"):
        assert (path / "vineyard.sock").stat().st_mode & 0o777 == 0o666
        assert path.stat().st_mode & 0o777 == 0o755
        Connection(str(path / "vineyard.sock"))


def test_given_the_token_of_the_secret_when_asked_over_the_network_then_it_opens_volumes_and_nothing_else_does(store):
    store.connect()
    client = Connection(store.rpc)
    request = {"id": "v1", "scope": "volume", "on_delete": "delete", "quota": 1 << 20}

    for wrong in ({}, {"admin_token": ""}, {"admin_token": store.token[:-1]}):
        reply = Connection(store.rpc).ask("open_volume_request", **request, **wrong)
        assert reply.get("code"), reply
    assert not (store.run / "volumes" / "v1").exists()

    reply = client.ask("open_volume_request", **request, admin_token=store.token)

    assert reply["type"] == "open_volume_reply", reply
    assert (store.run / "volumes" / "v1" / "vineyard.sock").is_socket()
