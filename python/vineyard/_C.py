"""Names that the original's compiled module has."""

from __future__ import annotations

from typing import Any

from vineyard import errors as _errors
from vineyard.core.base import ClientBase
from vineyard.core.ipc import IPCClient
from vineyard.core.rpc import RPCClient
from vineyard.core.status import InstanceStatus
from vineyard.errors import *  # noqa: F403
from vineyard.shortcuts import memory_copy
from vineyard.wire.identifiers import ObjectID, ObjectName
from vineyard.wire.metadata import ObjectMeta
from vineyard.wire.objects import Blob, BlobBuilder, Object, ObjectBuilder, RemoteBlob, RemoteBlobBuilder

__all__ = [
    "Blob",
    "BlobBuilder",
    "ClientBase",
    "IPCClient",
    "InstanceStatus",
    "Object",
    "ObjectBuilder",
    "ObjectID",
    "ObjectMeta",
    "ObjectName",
    "RPCClient",
    "RemoteBlob",
    "RemoteBlobBuilder",
    "memory_copy",
    *_errors.__all__,
]


def _connect(socket_or_host: str, port: int | str | None = None, **options: Any) -> ClientBase:
    options = {key: options.get(key) for key in ("username", "password")}
    if port is None:
        return IPCClient(socket_or_host, **options)
    return RPCClient((socket_or_host, int(port)), **options)
