"""Port forwarding over a WebSocket (`v4.channel.k8s.io`): a bridge to where a test says.

Each port has two channels, data and error, named by the first byte of every message;
the first message of the server on each is the port as two bytes, low byte first.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import WSMsgType, web

from .. import errors
from ..cluster import Cluster
from ..objects import pipeline
from .target import Target

PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 32 * 1024


async def serve(cluster: Cluster, target: Target, request: web.Request) -> web.StreamResponse:
    """Bridge the request's ports. Raises 400 for requests that aren't such a WebSocket."""
    pod = pipeline.existing(cluster, target.kind, target.namespace, target.name).obj
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise errors.bad_request("Upgrade request required")
    ports = [int(port) for text in request.query.getall("ports", []) for port in text.split(",") if port]
    if not ports:
        raise errors.bad_request("you must specify at least 1 port")
    if pod.get("status", {}).get("phase") != "Running":
        raise errors.bad_request(
            f"unable to forward port because pod is not running. Current status={pod['status'].get('phase')}"
        )
    if "*/*" not in request.headers.get("Accept", "*/*"):
        # The kubelet's route offers no representation, which go-restful takes literally.
        return web.Response(status=406, text="406: Not Acceptable\n\nAvailable representations: ")
    socket = web.WebSocketResponse(protocols=(PROTOCOL,), autoping=True)
    await socket.prepare(request)
    if socket.ws_protocol != PROTOCOL:
        await socket.close(code=1002)
        return socket
    bridges = [_Bridge(socket, index, port) for index, port in enumerate(ports)]
    try:
        for bridge in bridges:
            await bridge.open(_destination(cluster, target, bridge.port))
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data:
                channel = message.data[0]
                if channel % 2 == 0 and channel // 2 < len(bridges):
                    await bridges[channel // 2].send(message.data[1:])
    finally:
        for bridge in bridges:
            bridge.close()
    return socket


def _destination(cluster: Cluster, target: Target, port: int) -> tuple[str, int] | None:
    """Where a pod's port leads; a rule may name the pod by its owner's name."""
    for (namespace, name, number), place in cluster.forwards.items():
        if (
            namespace == target.namespace
            and number == port
            and (target.name == name or target.name.startswith(name + "-"))
        ):
            return place
    return None


class _Bridge:
    """One forwarded port."""

    def __init__(self, socket: web.WebSocketResponse, index: int, port: int) -> None:
        self.port = port
        self._socket = socket
        self._data, self._error = bytes([2 * index]), bytes([2 * index + 1])
        self._writer: asyncio.StreamWriter | None = None
        self._pump: asyncio.Task[Any] | None = None

    async def open(self, place: tuple[str, int] | None) -> None:
        head = self.port.to_bytes(2, "little")
        await self._socket.send_bytes(self._data + head)
        await self._socket.send_bytes(self._error + head)
        try:
            if place is None:
                raise ConnectionRefusedError("connection refused")
            reader, self._writer = await asyncio.open_connection(*place)
        except OSError as error:
            text = f"error forwarding port {self.port} to pod: failed to connect to localhost:{self.port}: {error}"
            await self._socket.send_bytes(self._error + text.encode())
            return
        self._pump = asyncio.create_task(self._receive(reader))

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            await self._socket.send_bytes(self._data + data)
        await self._socket.close()

    async def send(self, data: bytes) -> None:
        if self._writer is not None and data:
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        if self._writer is not None:
            self._writer.close()
