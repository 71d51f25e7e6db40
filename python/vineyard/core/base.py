"""What clients of a local store and of a remote one have in common."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Callable

from vineyard.core.draft import Draft, Part, levels_of, link
from vineyard.core.requests import Requests, identifier_of
from vineyard.core.status import InstanceStatus
from vineyard.errors import ConnectionFailedException, ObjectNotExistsException, VineyardException, error_of
from vineyard.wire.connection import Connection, Request, encode
from vineyard.wire.identifiers import EMPTY_BLOB, ObjectID
from vineyard.wire.metadata import ObjectMeta, blobs_of
from vineyard.wire.objects import Object, object_of

if TYPE_CHECKING:
    from vineyard.core.builder import BuilderContext
    from vineyard.core.resolver import ResolverContext

_RETRIES = 10
_FIRST_PAUSE = 0.05
# A connection that was used this many seconds ago is looked at before it is used again.
_TRUSTED_SECONDS = 0.05
_MOST_REMEMBERED = 4096


_clients: weakref.WeakSet[ClientBase] = weakref.WeakSet()


class ClientBase(Requests):
    """Requests that are the same over IPC and TCP. Threads may share a client."""

    is_ipc = False
    is_rpc = False
    # Transfers are never compressed: neither does our store offer it, nor is Python fast at it.
    compression = False

    def __init__(self, address: str | tuple[str, int], **credentials: Any) -> None:
        self._address = address
        self._credentials = {key: value for key, value in credentials.items() if value is not None}
        self._timeout = 300.0
        self._connecting = threading.Lock()
        self._open: Connection | None = None
        self._closed = False
        self._used = 0.0
        # Blobs of objects, and objects of names, as they were last: asked for along with what says whether they still are.
        self._known_blobs: dict[int, tuple[int, ...]] = {}
        self._known_names: dict[str, int] = {}
        self._open = self._connect(retry=True)
        _clients.add(self)

    # Connection

    def _connect(self, retry: bool) -> Connection:
        variable = "VINEYARD_IPC_SKIP_RETRY" if isinstance(self._address, str) else "VINEYARD_RPC_SKIP_RETRY"
        retries = 1 if os.environ.get(variable) == "1" or not retry else _RETRIES
        pause = _FIRST_PAUSE
        for attempt in range(retries + 1):
            try:
                return Connection(self._address, self._timeout, **self._credentials)
            except ConnectionFailedException:
                if attempt == retries:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, 1)
        raise AssertionError

    @property
    def _connection(self) -> Connection:
        """A connection that works: a new one after a fork, or when the store was restarted."""
        connection = self._open
        now = time.monotonic()
        if connection is not None and connection.is_open and not connection.is_retired:
            if now - self._used < _TRUSTED_SECONDS:
                self._used = now
                return connection
            if connection.is_usable:
                self._used = now
                return connection
        if self._closed:
            raise error_of(34, "the client is closed")
        with self._connecting:
            if self._open is connection or self._open is None:
                self._open = self._connect(retry=True)
            self._used = now
            return self._open

    def _ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self._connection.ask(kind, **fields)

    def _exchange(self, requests: Iterable[Request]) -> list[dict[str, Any]]:
        return self._connection.exchange(requests)

    @property
    def connected(self) -> bool:
        """Whether the store is there."""
        return not self._closed and self._open is not None and self._open.is_usable

    def close(self) -> None:
        """End the connection. What was read stays readable."""
        self._closed = True
        if self._open is not None:
            self._open.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fork(self) -> Any:
        """Another client of the same store, with a connection of its own."""
        return type(self)(self._address, **self._credentials)

    def __reduce__(self) -> tuple[Any, ...]:
        return _client_of, (type(self), self._address, self._credentials)

    @property
    def timeout_seconds(self) -> float:
        """Seconds to wait for a reply."""
        return self._timeout

    @timeout_seconds.setter
    def timeout_seconds(self, seconds: float) -> None:
        self._timeout = float(seconds)
        self._connection.timeout = float(seconds)

    @property
    def instance_id(self) -> int:
        """Instance of the store."""
        return int(self._connection.registration["instance_id"])

    @property
    def ipc_socket(self) -> str:
        """Socket that the client uses, or that the store tells."""
        return self._address if isinstance(self._address, str) else str(self._connection.registration["ipc_socket"])

    @property
    def rpc_endpoint(self) -> str:
        """`host:port` of the store."""
        return str(self._connection.registration["rpc_endpoint"])

    @property
    def version(self) -> str:
        """Version of the store."""
        return str(self._connection.registration.get("version", "0.0.0"))

    @property
    def status(self) -> InstanceStatus:
        """Use and limits of the store, or of the volume."""
        return InstanceStatus(**self._ask("instance_status_request")["meta"])

    @property
    def meta(self) -> dict[int, dict[str, Any]]:
        """The instances of the cluster by id."""
        return {int(key[1:]): record for key, record in self._ask("cluster_meta")["meta"].items()}

    def debug(self, debug: dict[str, Any]) -> Any:
        """Answer to a debug request."""
        return self._ask("debug_command", debug=debug)["result"]

    # Storing

    def _allocate(self, parts: Sequence[Part]) -> tuple[list[int], list[int]]:
        """Make blobs with these bytes: (their ids, those that are to be sealed)."""
        raise NotImplementedError

    def _drop(self, blobs: Iterable[int]) -> None:
        """Give up blobs of a write that failed."""

    def _existing(self, parts: Sequence[Part]) -> dict[int, int]:
        """Blobs that have the bytes of parts already, by the identity of the part."""
        return {}

    def store(self, draft: Draft, persist: bool = False, name: str | None = None) -> ObjectMeta:
        """Store a draft with all its members; with `persist` and `name` others find it."""
        levels, needs = levels_of(draft)
        parts = [part for _, _, part in needs if part.size]
        blobs: dict[int, dict[str, Any]] = {}
        seals = self._fill(parts, blobs) if parts else []
        for level in levels[:-1]:
            trees = [link(one, blobs) for one in level]
            for one, reply in zip(level, self._create(trees, [seal_request(blob) for blob in seals])):
                one.tree["id"] = f"o{reply[0]:016x}"
                one.tree["signature"], one.tree["instance_id"] = reply[1], reply[2]
            seals = []
        self._publish(link(draft, blobs), seals, persist, name)
        if self.is_ipc:
            own = [int(tree["id"][1:], 16) for tree in blobs.values()]
            self._remember(int(draft.tree["id"][1:], 16), own, len(levels) == 1)
        return ObjectMeta.of(draft.tree, self)

    def _publish(
        self, tree: dict[str, Any], seals: Sequence[int], persist: bool, name: str | None, reserve: int = 0
    ) -> int:
        """Seal blobs, create an object of them, persist and name it: in one message where the store knows it.

        With `reserve` the store is asked for a blob of that size along with it.
        """
        tree["instance_id"] = self._blob_instance
        connection = self._connection
        named = persist and name is not None
        if "put_object_request" in connection.extensions:
            body = f'{{"type":"put_object_request","content":{encode(tree)},"seals":[{",".join(map(str, seals))}]'
            body += ',"persist":true' if persist else ""
            body += f',"name":{encode(str(name))}' if named else ""
            body += f',"reserve":{reserve}}}' if reserve else "}"
            reply = connection.exchange([body])[0]
            if "created" in reply:
                connection.keep_reserved(reply["created"])
        else:
            requests: list[Request] = [seal_request(blob) for blob in seals]
            requests.append(f'{{"type":"create_data_request","content":{encode(tree)}}}')
            reply = connection.exchange(requests)[-1]
            if persist:
                connection.exchange(publication(reply["id"], name))
        identifier: int = reply["id"]
        tree["id"], tree["signature"], tree["instance_id"] = (
            f"o{identifier:016x}",
            reply["signature"],
            reply["instance_id"],
        )
        if named:
            self._remember_name(str(name), identifier)
        return identifier

    def _fill(self, parts: Sequence[Part], blobs: dict[int, dict[str, Any]]) -> list[int]:
        from vineyard.wire.metadata import blob_tree

        instance = self._blob_instance
        existing = self._existing(parts)
        new = [part for part in parts if id(part) not in existing]
        ids, seals = self._allocate(new) if new else ([], [])
        for part, blob in zip(new, ids):
            blobs[id(part)] = blob_tree(blob, part.size, instance)
        for part in parts:
            if id(part) in existing:
                blobs[id(part)] = blob_tree(existing[id(part)], part.size, instance)
        return seals

    @property
    def _blob_instance(self) -> int:
        return self.instance_id

    def _create(self, trees: list[dict[str, Any]], before: Sequence[Request]) -> list[tuple[int, int, int]]:
        instance = self._blob_instance
        for tree in trees:
            tree["instance_id"] = instance
        if len(trees) == 1:
            body = f'{{"type":"create_data_request","content":{encode(trees[0])}}}'
            reply = self._exchange([*before, body])[-1]
            return [(reply["id"], reply["signature"], reply["instance_id"])]
        body = f'{{"type":"create_datas_request","num":{len(trees)},"contents":{encode(trees)}}}'
        reply = self._exchange([*before, body])[-1]
        return list(zip(reply["ids"], reply["signatures"], reply["instance_ids"]))

    def _remember(self, identifier: int, blobs: Sequence[int], complete: bool = True) -> None:
        if complete:
            if len(self._known_blobs) >= _MOST_REMEMBERED:
                self._known_blobs.clear()
            self._known_blobs[identifier] = tuple(blobs)

    def _remember_name(self, name: str, identifier: int) -> None:
        if len(self._known_names) >= _MOST_REMEMBERED:
            self._known_names.clear()
        self._known_names[name] = identifier

    def create_metadata(self, metadata: Any, instance_id: int | None = None) -> Any:
        """Create an object, or a list of them, from metadata."""
        several = isinstance(metadata, (list, tuple))
        metas = list(metadata) if several else [metadata]
        trees = [meta.tree for meta in metas]
        if any(value is None for tree in trees for value in tree.values()):
            raise TypeError("a field of metadata is None: store has no such value")
        replies = self._create(trees, [])
        for meta, reply in zip(metas, replies):
            meta.tree["id"] = f"o{reply[0]:016x}"
            meta.tree["signature"], meta.tree["instance_id"] = reply[1], reply[2]
            meta._client = self
        return metas if several else metas[0]

    def put(
        self,
        value: Any,
        builder: BuilderContext | Callable[..., Any] | None = None,
        persist: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Store a value; with `persist` and `name` others find it by name. Returns its id."""
        from vineyard.core.builder import put

        return put(self, value, builder, persist, name, **kwargs)

    # Reading

    def _trees(self, ids: Sequence[ObjectID], sync_remote: bool, wait: bool = False) -> dict[str, dict[str, Any]]:
        reply = self._ask("get_data_request", id=[int(one) for one in ids], sync_remote=sync_remote, wait=wait)
        return reply["content"] or {}

    def _roots(self, trees: Iterable[dict[str, Any]]) -> dict[int, Any]:
        """Bytes of all blobs in trees that this client can look at."""
        raise NotImplementedError

    def get_metas(self, object_ids: Sequence[Any], sync_remote: bool = False) -> list[ObjectMeta]:
        """Metadata of objects, with the bytes of their blobs."""
        ids = [identifier_of(one) for one in object_ids]
        trees = self._trees(ids, sync_remote)
        found = []
        for one in ids:
            tree = trees.get(repr(one))
            if tree is None:
                raise _unknown(one)
            found.append(tree)
        roots = self._roots(found)
        return [ObjectMeta.of(tree, self, roots) for tree in found]

    def get_meta(self, object_id: Any, sync_remote: bool = False, fetch: bool = False) -> ObjectMeta:
        """Metadata of an object, with the bytes of its blobs."""
        identifier = identifier_of(object_id)
        if fetch:
            identifier = self.migrate(identifier)
        return self._meta_of(identifier, sync_remote)

    def _meta_of(self, identifier: ObjectID, sync_remote: bool, name: str | None = None) -> ObjectMeta:
        if identifier == EMPTY_BLOB:
            from vineyard.wire.metadata import EMPTY_BLOB_TREE

            return ObjectMeta.of(dict(EMPTY_BLOB_TREE), self)
        return self.get_metas([identifier], sync_remote)[0]

    def get_object(self, object_id: Any, sync_remote: bool = True, fetch: bool = False) -> Object:
        """An object, with the bytes of its blobs."""
        return object_of(self.get_meta(object_id, sync_remote, fetch))

    def get_objects(self, object_ids: Sequence[Any], sync_remote: bool = True) -> list[Object]:
        """Objects, with the bytes of their blobs."""
        return [object_of(meta) for meta in self.get_metas(object_ids, sync_remote)]

    def get(
        self,
        object_id: Any = None,
        name: str | None = None,
        resolver: ResolverContext | Callable[..., Any] | None = None,
        fetch: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Value of an object, by id or by name. Arrays and columns are views of shared memory, read-only."""
        from vineyard.core.resolver import get

        return get(self, object_id, name, resolver, fetch, **kwargs)

    def _object_named(self, name: str) -> Object:
        return self.get_object(self.get_name(name))

    def list_metadatas(
        self, pattern: str, regex: bool = False, limit: int = 5, nobuffer: bool = False
    ) -> list[ObjectMeta]:
        """Metadata of objects whose type matches."""
        content = self._ask("list_data_request", pattern=pattern, regex=regex, limit=limit)["content"] or {}
        trees = [content[key] for key in sorted(content)]
        roots = {} if nobuffer else self._roots(trees)
        return [ObjectMeta.of(tree, self, roots) for tree in trees]

    def list_objects(self, pattern: str, regex: bool = False, limit: int = 5) -> list[Object]:
        """Objects whose type matches."""
        return [object_of(meta) for meta in self.list_metadatas(pattern, regex, limit)]

    def __repr__(self) -> str:
        where = self._address if isinstance(self._address, str) else "{}:{}".format(*self._address)
        return f"<{type(self).__name__} of {where}{'' if self.connected else ', not connected'}>"


def seal_request(blob: int) -> str:
    """Request that ends the writing of a blob."""
    return f'{{"type":"seal_request","object_id":{blob}}}'


def publication(identifier: int, name: str | None) -> list[Request]:
    """Requests that persist an object, and name it."""
    requests: list[Request] = [f'{{"type":"persist_request","id":{identifier}}}']
    if name is not None:
        requests.append({"type": "put_name_request", "object_id": identifier, "name": str(name)})
    return requests


def _unknown(identifier: ObjectID) -> VineyardException:
    return ObjectNotExistsException(f"failed to find object: {identifier!r}")


def _client_of(kind: type[ClientBase], address: Any, credentials: dict[str, Any]) -> ClientBase:
    return kind(address, **credentials)


def blobs_by_instance(trees: Iterable[dict[str, Any]]) -> dict[int, set[int]]:
    """Blobs of all trees, by the instance that has them."""
    found: dict[int, set[int]] = {}
    for tree in trees:
        blobs_of(tree, found)
    return found


def _after_fork() -> None:
    for client in list(_clients):
        client._connecting = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
