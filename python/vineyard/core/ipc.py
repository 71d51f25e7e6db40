"""Client of the store on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vineyard.core.base import ClientBase, blobs_by_instance, seal_request
from vineyard.core.draft import Draft, Part
from vineyard.core.requests import identifier_of
from vineyard.errors import ObjectNotExistsException, error_of
from vineyard.wire import copying
from vineyard.wire.connection import Request
from vineyard.wire.identifiers import EMPTY_BLOB, ObjectID
from vineyard.wire.memory import EMPTY, address_of, view_of
from vineyard.wire.metadata import ObjectMeta, blob_tree, blobs_of
from vineyard.wire.objects import Blob, BlobBuilder, Object, blob_of, object_of


class IPCClient(ClientBase):
    """A client that maps the store's memory."""

    is_ipc = True

    # Storing

    def store(self, draft: Draft, persist: bool = False, name: str | None = None) -> ObjectMeta:
        """Store a draft with all its members; with `persist` and `name` others find it."""
        members = draft.members
        if len(members) != 1 or self._open is None:
            return super().store(draft, persist, name)
        ((key, part),) = members.items()
        if not isinstance(part, Part) or not part.size or self._open.may_have(part.address):
            return super().store(draft, persist, name)
        return self._store_simple(draft.tree, key, part, persist, name)

    def _store_simple(self, tree: dict[str, Any], key: str, part: Part, persist: bool, name: str | None) -> ObjectMeta:
        """Store what most values are: metadata and one blob."""
        connection = self._connection
        reserved, reserve = connection.take_reserved(part.size)
        if reserved is not None:
            copying.run(part.fill(connection.space(reserved)), part.size)
            try:
                return self._store_blob(tree, key, part.size, reserved["object_id"], persist, name, reserve)
            except ObjectNotExistsException:
                # Somebody has cleared the store since.
                pass
        ids, _ = self._allocate([part])
        return self._store_blob(tree, key, part.size, ids[0], persist, name, reserve)

    def _store_blob(
        self, tree: dict[str, Any], key: str, size: int, blob: int, persist: bool, name: str | None, reserve: int
    ) -> ObjectMeta:
        tree[key] = blob_tree(blob, size, self._blob_instance)
        self._remember(self._publish(tree, [blob], persist, name, reserve), [blob])
        return ObjectMeta.of(tree, self)

    def clear(self) -> None:
        """Delete all objects, of the volume in a volume."""
        self._connection.forget_reserved()
        super().clear()

    def _allocate(self, parts: Sequence[Part]) -> tuple[list[int], list[int]]:
        connection = self._connection
        if len(parts) == 1:
            request = f'{{"type":"create_buffer_request","size":{parts[0].size}}}'
            payloads = [connection.exchange([request])[0]["created"]]
        else:
            reply = connection.ask("create_buffers_request", sizes=[part.size for part in parts], num=len(parts))
            payloads = [reply[str(index)] for index in range(len(parts))]
        ids = [payload["object_id"] for payload in payloads]
        try:
            copies: list[copying.Copy] = []
            for part, payload in zip(parts, payloads):
                copies += part.fill(connection.space(payload))
            copying.run(copies, sum(part.size for part in parts))
        except BaseException:
            self._drop(ids)
            raise
        return ids, ids

    def _drop(self, blobs: Iterable[int]) -> None:
        self._exchange([{"type": "drop_buffer_request", "id": blob} for blob in blobs])

    def _existing(self, parts: Sequence[Part]) -> dict[int, int]:
        connection = self._connection
        found = {}
        for part in parts:
            blob = connection.blob_at(part.address, part.size) if part.address is not None else None
            if blob is not None:
                found[id(part)] = blob
        if not found:
            return found
        # Bytes of a deleted blob stay readable, but no object can be made of them.
        replies = self._exchange([f'{{"type":"exists_request","id":{blob}}}' for blob in found.values()])
        return {key: blob for (key, blob), reply in zip(found.items(), replies) if reply["exists"]}

    def store_blob(self, part: Part) -> Blob:
        """Store bytes that are an object of their own."""
        if not part.size:
            return Blob.empty()
        existing = self._existing([part])
        if existing:
            found: Blob = self.get_blob(existing[id(part)])
            return found
        ids, seals = self._allocate([part])
        self._exchange([seal_request(one) for one in seals])
        return blob_of(ids[0], self._connection.view(ids)[ids[0]], self.instance_id, self)

    def create_blob(self, size: int | Sequence[int]) -> Any:
        """Builder of a blob, or builders of several."""
        if isinstance(size, int):
            reply = self._ask("create_buffer_request", size=size)
            return BlobBuilder(self, reply["id"], self._connection.space(reply["created"]))
        reply = self._ask("create_buffers_request", sizes=list(size), num=len(size))
        payloads = [reply[str(index)] for index in range(len(size))]
        return [BlobBuilder(self, one["object_id"], self._connection.space(one)) for one in payloads]

    def create_empty_blob(self) -> Blob:
        """The blob without bytes."""
        return Blob.empty()

    # Reading

    def _roots(self, trees: Iterable[dict[str, Any]]) -> dict[int, Any]:
        by_instance = blobs_by_instance(trees)
        own = by_instance.get(self.instance_id)
        return dict(self._connection.view(sorted(own))) if own else {}

    def _meta_of(self, identifier: ObjectID, sync_remote: bool, name: str | None = None) -> ObjectMeta:
        if identifier == EMPTY_BLOB:
            return super()._meta_of(identifier, sync_remote)
        requests: list[Request] = [] if name is None else [_name_request(name)]
        synchronise = "true" if sync_remote else "false"
        requests.append(
            f'{{"type":"get_data_request","id":[{int(identifier)}],"sync_remote":{synchronise},"wait":false}}'
        )
        connection = self._connection
        replies, roots = connection.exchange_and_view(requests, self._known_blobs.get(identifier, ()))
        for reply in replies:
            if "code" in reply:
                raise error_of(reply["code"], reply.get("message", ""))
        if name is not None and replies[0]["object_id"] != identifier:
            self._remember_name(name, replies[0]["object_id"])
            return self._meta_of(ObjectID(replies[0]["object_id"]), sync_remote)
        content = replies[-1]["content"]
        tree = content.get(repr(identifier)) if content else None
        if tree is None:
            self._known_blobs.pop(identifier, None)
            raise error_of(12, f"failed to find object: {identifier!r}")
        by_instance = blobs_of(tree)
        instance = int(connection.registration["instance_id"])
        own = by_instance.get(instance, set())
        if not own <= roots.keys():
            roots.update(connection.view(own - roots.keys()))
        self._remember(int(identifier), tuple(own))
        elsewhere = {other: blobs for other, blobs in by_instance.items() if other != instance}
        elsewhere = {other: blobs - {EMPTY_BLOB} for other, blobs in elsewhere.items() if blobs - {EMPTY_BLOB}}
        all_roots: dict[int, Any] = dict(roots)
        if elsewhere:
            from vineyard.core.rpc import fetch

            all_roots.update(fetch(self, elsewhere))
        return ObjectMeta.of(tree, self, all_roots)

    def get_meta(self, object_id: Any, sync_remote: bool = False, fetch: bool = False) -> ObjectMeta:
        """Metadata of an object, with the bytes of its blobs."""
        identifier = identifier_of(object_id)
        if fetch:
            identifier = self.migrate(identifier)
        return self._meta_of(identifier, sync_remote)

    def _object_named(self, name: str) -> Object:
        known = self._known_names.get(name)
        if known is None:
            known = self._exchange([_name_request(name)])[0]["object_id"]
            self._remember_name(name, known)
            return object_of(self._meta_of(ObjectID(known), True))
        try:
            return object_of(self._meta_of(ObjectID(known), True, name))
        except Exception:
            self._known_names.pop(name, None)
            raise

    def get_blob(self, object_id: Any, unsafe: bool = False) -> Any:
        """A blob, or None when there is none; `unsafe` takes one that is still being written."""
        return self.get_blobs([object_id], unsafe)[0]

    def get_blobs(self, object_ids: Sequence[Any], unsafe: bool = False) -> list[Any]:
        """Blobs; None for those that are not there."""
        ids = [int(identifier_of(one)) for one in object_ids]
        roots = self._connection.view(ids, unsafe, fresh=True)
        instance = self.instance_id
        return [blob_of(one, roots[one], instance, self) if one in roots else None for one in ids]

    # Shared memory

    def allocated_size(self, object_id: Any) -> int:
        """Bytes of all blobs of an object, each counted once."""
        return self.get_meta(object_id).memory_usage

    def find_shared_memory(self, pointer: Any) -> ObjectID | None:
        """Blob that begins at an address, or where an array begins; only blobs that are looked at are known."""
        address = pointer if isinstance(pointer, int) else _address_of(pointer)
        blob = self._connection._addresses.get(address)
        return None if blob is None else ObjectID(blob)

    def is_shared_memory(self, pointer: Any) -> bool:
        """Whether a blob begins at an address."""
        return self.find_shared_memory(pointer) is not None

    # Streams

    def new_buffer_chunk(self, stream: Any, size: int) -> memoryview:
        """The next chunk of a stream, to be filled before the one after it is asked for."""
        connection = self._connection
        reply = connection.ask("get_next_stream_chunk_request", id=int(identifier_of(stream)), size=size)
        return view_of(connection.space(reply["buffer"]))

    def next_buffer_chunk(self, stream: Any) -> memoryview:
        """Wait for the next chunk of a stream; it stays until the one after it is asked for."""
        connection = self._connection
        chunk = self.next_chunk_id(stream)
        return view_of(connection.view([chunk]).get(chunk, EMPTY))


def _name_request(name: str) -> dict[str, Any]:
    return {"type": "get_name_request", "name": str(name), "wait": False}


def _address_of(pointer: Any) -> int:
    import numpy as np

    return address_of(np.frombuffer(pointer, np.uint8))
