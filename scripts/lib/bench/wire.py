"""The raw protocol: frames of `u64 length, JSON`, file descriptors behind some replies."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from typing import Any

from bench.daemon import MeasurementError

TIMEOUT_SECONDS = 60.0


def frame(message: dict[str, Any]) -> bytes:
    """The bytes of one message."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return struct.pack("<Q", len(body)) + body


class WireConnection:
    """One registered connection."""

    def __init__(self, path: str, connected: socket.socket | None = None) -> None:
        self.socket = connected or socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if connected is None:
            self.socket.connect(path)
        self.socket.settimeout(TIMEOUT_SECONDS)
        self.call(
            {
                "type": "register_request",
                "version": "0.24.2",
                "store_type": 1,
                "session_id": 0,
                "username": "",
                "password": "",
            }
        )

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one request, receive its reply and the descriptors behind it."""
        self.socket.sendall(frame(message))
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """The next reply; raises `MeasurementError` on an error reply."""
        (length,) = struct.unpack("<Q", self._exactly(8))
        reply: dict[str, Any] = json.loads(self._exactly(length))
        if reply.get("code"):
            raise MeasurementError(f"the daemon answered {reply}")
        single = reply.get("fd", -1)
        for _ in reply.get("fds", [] if single == -1 else [single]):
            self._drop_descriptor()
        return reply

    def exchange(self, frames: bytes, count: int) -> None:
        """Send `count` requests at once and skip their replies.

        Only for requests whose replies are followed by no descriptor.
        """
        self.socket.sendall(frames)
        pending = b""
        while count:
            pending += self._some(1 << 20)
            count, pending = _skip(pending, count)
        if pending:
            raise MeasurementError("the daemon sent more than was asked for")

    def close(self) -> None:
        """Say goodbye and close."""
        with self.socket:
            self.socket.sendall(frame({"type": "exit_request"}))

    def _exactly(self, size: int) -> bytes:
        parts = b""
        while len(parts) < size:
            parts += self._some(size - len(parts))
        return parts

    def _some(self, limit: int) -> bytes:
        try:
            data = self.socket.recv(limit)
        except OSError as error:
            raise MeasurementError(f"no reply: {error}") from error
        if not data:
            raise MeasurementError("the daemon closed the connection")
        return data

    def _drop_descriptor(self) -> None:
        size = array.array("i").itemsize
        _, ancillary, _, _ = self.socket.recvmsg(1, socket.CMSG_LEN(size))
        for _, _, data in ancillary:
            os.close(struct.unpack("i", data[:size])[0])


def _skip(pending: bytes, count: int) -> tuple[int, bytes]:
    """Remove up to `count` complete frames from the front."""
    offset = 0
    while count and len(pending) - offset >= 8:
        (length,) = struct.unpack_from("<Q", pending, offset)
        if len(pending) - offset - 8 < length:
            break
        if pending.startswith(b'{"code":', offset + 8):
            reply = pending[offset + 8 : offset + 8 + length]
            raise MeasurementError(f"the daemon answered {reply!r}")
        offset += 8 + length
        count -= 1
    return count, pending[offset:]


def create_tensor(connection: WireConnection, size: int = 1024) -> tuple[int, int]:
    """Store a tensor of `size` zero bytes as the client does; returns (object, blob) ids."""
    blob = create_blob(connection, size)
    member = {
        "id": f"o{blob:016x}",
        "instance_id": 0,
        "length": size,
        "nbytes": size,
        "transient": True,
        "typename": "vineyard::Blob",
    }
    reply = connection.call(
        {
            "type": "create_data_request",
            "content": {
                "typename": "vineyard::Tensor<int64>",
                "buffer_": member,
                "global": False,
                "instance_id": 0,
                "nbytes": size,
                "order_": '"C"',
                "partition_index_": "[]",
                "shape_": f"[{size // 8}]",
                "transient": True,
                "value_type_": "int64",
                "value_type_meta_": "<i8",
            },
        }
    )
    return reply["id"], blob


def create_blob(connection: WireConnection, size: int) -> int:
    """Create and seal one blob; returns its id."""
    blob = connection.call({"type": "create_buffer_request", "size": size})["id"]
    connection.call({"type": "seal_request", "object_id": blob})
    return int(blob)


def request(kind: str, target: int) -> dict[str, Any]:
    """The request that asks for one id, as the client sends it."""
    match kind:
        case "exists":
            return {"id": target, "type": "exists_request"}
        case "get_data":
            return {"id": [target], "sync_remote": True, "type": "get_data_request", "wait": False}
        case "get_buffers":
            return {"0": target, "num": 1, "type": "get_buffers_request", "unsafe": False}
        case _:
            raise ValueError(kind)
