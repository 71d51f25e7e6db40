"""A store that really runs, reached as one in a pod."""

from __future__ import annotations

import base64
import json
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

from command_line import program
from deployments import NAMESPACE, SYSTEM
from waiting import eventually

RPC_PORT, METRICS_PORT = 9600, 9601
WORKLOAD = "vineyardd-sample"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class RealStore:
    """The program as a store, with the admin token of the cluster's Secret."""

    def __init__(self, cluster: Any, directory: Path) -> None:
        secret = cluster.client.get(f"{SYSTEM}/secrets/{WORKLOAD}-admin-token").json
        token = directory / "token"
        token.write_bytes(base64.b64decode(secret["data"]["token"]))
        self.socket = str(directory / "vineyard.sock")
        rpc, metrics = free_port(), free_port()
        self._process = subprocess.Popen(
            [
                program(),
                "vineyardd",
                f"--socket={self.socket}",
                "--size=64Mi",
                "--meta=local",
                f"--rpc_socket_port={rpc}",
                f"--metrics_port={metrics}",
                f"--admin_token_file={token}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, "the store answers")
        cluster.forward(NAMESPACE, WORKLOAD, RPC_PORT, rpc)
        cluster.forward(NAMESPACE, WORKLOAD, METRICS_PORT, metrics)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            return "instance_id" in self.ask("register_request", version="0.24.2")
        except OSError:
            return False

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """One request on the main socket, after registering."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            stream = connection.makefile("rwb")

            def call(**message: Any) -> dict[str, Any]:
                body = json.dumps(message).encode()
                stream.write(struct.pack("<Q", len(body)) + body)
                stream.flush()
                (length,) = struct.unpack("<Q", stream.read(8))
                return json.loads(stream.read(length))

            reply = call(type="register_request", version="0.24.2")
            return reply if kind == "register_request" else call(type=kind, **fields)

    def put(self, name: str, text: str, volume: str | None = None) -> None:
        """Store a text under a name."""
        words = ["put", "--ipc-socket", self.socket, "--value", text, "--name", name]
        subprocess.run([program(), *words, *(["--volume", volume] if volume else [])], check=True, capture_output=True)
