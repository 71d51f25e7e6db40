"""The client that users have: of a local store, of a remote one, or of both."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from vineyard.core.base import ClientBase
from vineyard.core.configuration import endpoints_of, settings
from vineyard.core.ipc import IPCClient
from vineyard.core.rpc import RPCClient
from vineyard.errors import VineyardException
from vineyard.wire.metadata import ObjectMeta
from vineyard.wire.objects import Blob, Object

_OWN = frozenset({"_ipc_client", "_rpc_client", "_spread", "_arguments"})


class Client:
    """A store's objects and names. Requests go to the local store if there is one.

    Everything that `IPCClient` can do is there, and what `RPCClient` can do with `rpc_client`.
    """

    def __init__(
        self,
        socket: str | None = None,
        port: int | str | None = None,
        host: str | None = None,
        endpoint: Any = None,
        rdma_endpoint: Any = None,
        session: int | None = None,
        username: str | None = None,
        password: str | None = None,
        config: str | None = None,
    ) -> None:
        """Connect to a path, to `host` and `port`, or to what the environment names.

        Args:
            socket: path of the store's socket, or a host with `port`, or `host:port`.
            port: port of a store elsewhere.
            host: host of a store elsewhere.
            endpoint: `(host, port)`, or `host:port`, several separated by commas: the first that answers.
            rdma_endpoint: taken and ignored: there is no RDMA here.
            session: session of a store elsewhere.
            username: user of a store that wants a password.
            password: password of that user.
            config: YAML file, or its directory, with the keys of the original.

        Raises:
            ConnectionError: nothing says where a store is.
            ConnectionFailedException: no store answers there.
        """
        self._arguments = (socket, port, host, endpoint, None, session, username, password, config)
        credentials = {"session_id": session, "username": username, "password": password}
        path, endpoints = settings(socket, port, host, endpoint, config)
        self._ipc_client: IPCClient | None = None
        self._rpc_client: RPCClient | None = None
        self._spread = False
        if path:
            self._ipc_client = IPCClient(os.fspath(path), username=username, password=password)
        failure: VineyardException | None = None
        for address in endpoints:
            try:
                self._rpc_client = RPCClient(address, **credentials)
                break
            except VineyardException as error:
                failure = error
        if self._ipc_client is None and self._rpc_client is None:
            if failure is not None:
                raise failure
            raise ConnectionError(
                "no store is named: give a path, host and port, or set VINEYARD_IPC_SOCKET or VINEYARD_RPC_ENDPOINT"
            )

    def __getattr__(self, name: str) -> Any:
        if name in _OWN or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.default_client(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "timeout_seconds":
            for client in (self._ipc_client, self._rpc_client):
                if client is not None:
                    client.timeout_seconds = value
        else:
            object.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.default_client())})

    @property
    def ipc_client(self) -> IPCClient:
        """Client of the local store."""
        assert self._ipc_client is not None, "IPC client is not available."
        return self._ipc_client

    @property
    def rpc_client(self) -> RPCClient:
        """Client of a store over TCP."""
        assert self._rpc_client is not None, "RPC client is not available."
        return self._rpc_client

    def has_ipc_client(self) -> bool:
        """Whether there is a client of the local store."""
        return self._ipc_client is not None

    def has_rpc_client(self) -> bool:
        """Whether there is a client over TCP."""
        return self._rpc_client is not None

    def default_client(self) -> ClientBase:
        """The client that requests go to."""
        client = self._ipc_client or self._rpc_client
        assert client is not None
        return client

    @property
    def rpc_endpoint(self) -> str:
        """`host:port` of the store."""
        return (self._rpc_client or self.default_client()).rpc_endpoint

    @property
    def rdma_endpoint(self) -> str:
        """Nothing: there is no RDMA here."""
        return ""

    @property
    def remote_instance_id(self) -> int:
        """Instance of the store over TCP."""
        return self.rpc_client.remote_instance_id

    @property
    def compression(self) -> bool:
        """Whether transfers are compressed: never."""
        return False

    @compression.setter
    def compression(self, value: bool = True) -> None:
        pass

    @property
    def spread(self) -> bool:
        """Kept for code that sets it; objects go to the store that the client speaks with."""
        return self._spread

    @spread.setter
    def spread(self, value: bool = False) -> None:
        self._spread = value

    @contextlib.contextmanager
    def with_compression(self, enabled: bool = True) -> Iterator[None]:
        """Do something with compression; it changes nothing."""
        yield

    @contextlib.contextmanager
    def with_spread(self, enabled: bool = True) -> Iterator[None]:
        """Do something with `spread` set."""
        before, self._spread = self._spread, enabled
        try:
            yield
        finally:
            self._spread = before

    def create_blob(self, size: int | Sequence[int]) -> Any:
        """Builder of a blob in the local store, or builders of several."""
        return self.ipc_client.create_blob(size)

    def create_empty_blob(self) -> Blob:
        """The blob without bytes."""
        return self.ipc_client.create_empty_blob()

    def get_blob(self, object_id: Any, unsafe: bool = False) -> Any:
        """A blob of the local store, or None."""
        return self.ipc_client.get_blob(object_id, unsafe)

    def get_blobs(self, object_ids: Sequence[Any], unsafe: bool = False) -> list[Any]:
        """Blobs of the local store; None for those that are not there."""
        return self.ipc_client.get_blobs(object_ids, unsafe)

    def create_remote_blob(self, blob_builder: Any) -> Any:
        """Send a blob, or several, over TCP."""
        return self.rpc_client.create_remote_blob(blob_builder)

    def get_remote_blob(self, object_id: Any, unsafe: bool = False) -> Any:
        """Fetch a blob over TCP."""
        return self.rpc_client.get_remote_blob(object_id, unsafe)

    def get_remote_blobs(self, object_ids: Sequence[Any], unsafe: bool = False) -> Any:
        """Fetch blobs over TCP."""
        return self.rpc_client.get_remote_blobs(object_ids, unsafe)

    def get_meta(self, object_id: Any, sync_remote: bool = True) -> ObjectMeta:
        """Metadata of an object, with the bytes of its blobs."""
        return self.default_client().get_meta(object_id, sync_remote)

    def get_metas(self, object_ids: Sequence[Any], sync_remote: bool = True) -> list[ObjectMeta]:
        """Metadata of objects, with the bytes of their blobs."""
        return self.default_client().get_metas(object_ids, sync_remote)

    def get_object(self, object_id: Any, sync_remote: bool = True, fetch: bool = False) -> Object:
        """An object, with the bytes of its blobs."""
        return self.default_client().get_object(object_id, sync_remote, fetch)

    def fork(self) -> Client:
        """Another client of the same stores, with connections of its own."""
        other = Client.__new__(Client)
        other._arguments, other._spread = self._arguments, self._spread
        other._ipc_client = self._ipc_client.fork() if self._ipc_client else None
        other._rpc_client = self._rpc_client.fork() if self._rpc_client else None
        return other

    def close(self) -> None:
        """End the connections. What was read stays readable."""
        for client in (self._ipc_client, self._rpc_client):
            if client is not None:
                client.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Client, self._arguments

    def __repr__(self) -> str:
        clients = [repr(client) for client in (self._ipc_client, self._rpc_client) if client is not None]
        return f"<Client {' '.join(clients)}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(repr(self.default_client()))}</p>{self.default_client().status._repr_html_()}"


def connect(*args: Any, **kwargs: Any) -> Client:
    """Connect to a store: `connect(path)`, `connect(host, port)`, or `connect()` with what the environment names.

    Without arguments and without anything that names a store, one is started that ends with this process.
    """
    if not args and not kwargs and not endpoints_of(os.environ):
        from vineyard.deploy.local import try_init

        try_init()
    return Client(*args, **kwargs)
