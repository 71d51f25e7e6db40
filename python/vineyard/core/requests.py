"""Requests about objects, names and streams: one message each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vineyard.wire.connection import Request
from vineyard.wire.identifiers import INVALID_OBJECT, ObjectID
from vineyard.wire.metadata import ObjectMeta
from vineyard.wire.objects import Object


def identifier_of(value: Any) -> ObjectID:
    """Identifier of an object, of metadata, or of a number or text that is one."""
    if isinstance(value, ObjectID):
        return value
    if isinstance(value, (int, str)):
        return ObjectID(value)
    return ObjectID(value.id)


class Requests:
    """What a client asks that takes one message."""

    _known_blobs: dict[int, tuple[int, ...]]
    _known_names: dict[str, int]

    def _ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _exchange(self, requests: Iterable[Request]) -> list[dict[str, Any]]:
        raise NotImplementedError

    def get_meta(self, object_id: Any, sync_remote: bool = False, fetch: bool = False) -> ObjectMeta:
        """Metadata of an object."""
        raise NotImplementedError

    def get_object(self, object_id: Any, sync_remote: bool = True, fetch: bool = False) -> Object:
        """An object."""
        raise NotImplementedError

    def fork(self) -> Any:
        """Another client of the same store."""
        raise NotImplementedError

    # Objects

    def delete(self, object: Any, force: bool = False, deep: bool = True, memory_trim: bool = False) -> None:
        """Delete objects, unless others use them; `force` deletes those, too."""
        given = object if isinstance(object, (list, tuple, set)) else [object]
        ids = [int(identifier_of(one)) for one in given]
        self._ask("del_data_request", id=ids, force=force, deep=deep, memory_trim=memory_trim, fastpath=False)
        for one in ids:
            self._known_blobs.pop(one, None)

    def exists(self, object: Any) -> bool:
        """Whether there is such an object."""
        return bool(self._exchange([f'{{"type":"exists_request","id":{int(identifier_of(object))}}}'])[0]["exists"])

    def persist(self, object: Any) -> None:
        """Show an object to all stores of the cluster; only then can it have a name."""
        self._ask("persist_request", id=int(identifier_of(object)))

    def shallow_copy(self, object_id: Any, extra_metadata: dict[str, Any] | None = None) -> ObjectID:
        """Copy an object, without its bytes, and change fields of the copy."""
        reply = self._ask("shallow_copy_request", id=int(identifier_of(object_id)), extra=extra_metadata or {})
        return ObjectID(reply["target_id"])

    def label(self, object_id: Any, key_or_labels: str | dict[str, str], value: str | None = None) -> None:
        """Give an object a label, or several."""
        labels = key_or_labels if isinstance(key_or_labels, dict) else {key_or_labels: value or ""}
        self._ask("label_request", id=int(identifier_of(object_id)), keys=list(labels), values=list(labels.values()))

    def migrate(self, object_id: Any) -> ObjectID:
        """Copy an object of another instance to this one, and return the copy."""
        return ObjectID(self._ask("migrate_object_request", object_id=int(identifier_of(object_id)))["object_id"])

    def sync_meta(self) -> None:
        """Let the store catch up with the cluster's metadata."""
        self._ask("get_data_request", id=[int(INVALID_OBJECT)], sync_remote=True, wait=False)

    def clear(self) -> None:
        """Delete all objects, of the volume in a volume."""
        self._ask("clear_request")
        self._known_blobs.clear()
        self._known_names.clear()

    def reset(self) -> None:
        """Delete all objects."""
        self.clear()

    def memory_trim(self) -> bool:
        """Give memory that is not used back to the system."""
        return bool(self._ask("memory_trim_request")["trimmed"])

    def evict(self, objects: Sequence[Any]) -> None:
        """Write the bytes of objects to disk."""
        self._ask("evict_request", ids=[int(identifier_of(one)) for one in objects])

    def load(self, objects: Sequence[Any], pin: bool = False) -> None:
        """Bring the bytes of objects back from disk."""
        self._ask("load_request", ids=[int(identifier_of(one)) for one in objects], pin=pin)

    def unpin(self, objects: Sequence[Any]) -> None:
        """Allow the bytes of objects to be written to disk again."""
        self._ask("unpin_request", ids=[int(identifier_of(one)) for one in objects])

    # Names

    def put_name(self, object: Any, name: str) -> None:
        """Give a persistent object a name; an object that had it loses it."""
        self._ask("put_name_request", object_id=int(identifier_of(object)), name=str(name))

    def get_name(self, name: str, wait: bool = False) -> ObjectID:
        """The object with a name; `wait` waits until there is one."""
        if wait:
            # On a connection of its own: other threads need this one meanwhile, perhaps to give the name.
            with self.fork() as other:
                return ObjectID(other._ask("get_name_request", name=str(name), wait=True)["object_id"])
        return ObjectID(self._ask("get_name_request", name=str(name), wait=False)["object_id"])

    def list_names(self, pattern: str, regex: bool = False, limit: int = 5) -> dict[str, ObjectID]:
        """Names that match, with their objects."""
        reply = self._ask("list_name_request", pattern=pattern, regex=regex, limit=limit)
        return {name: ObjectID(identifier) for name, identifier in reply["names"].items()}

    def drop_name(self, name: str) -> None:
        """Take a name away."""
        self._ask("drop_name_request", name=str(name))

    # Streams

    def create_stream(self, id: Any) -> None:
        """Make a stream of an object."""
        self._ask("create_stream_request", object_id=int(identifier_of(id)))

    def open_stream(self, id: Any, mode: str) -> None:
        """Open a stream for reading (`r`) or writing (`w`)."""
        modes = {"r": 1, "w": 2}
        if mode not in modes:
            raise ValueError(f"a stream is opened with 'r' or 'w', not {mode!r}")
        self._ask("open_stream_request", object_id=int(identifier_of(id)), mode=modes[mode])

    def push_chunk(self, stream_id: Any, chunk: Any) -> None:
        """Append an object to a stream."""
        stream, pushed = int(identifier_of(stream_id)), int(identifier_of(chunk))
        self._ask("push_next_stream_chunk_request", id=stream, chunk=pushed)

    def next_chunk_id(self, stream_id: Any) -> ObjectID:
        """Wait for the next chunk of a stream."""
        return ObjectID(self._ask("pull_next_stream_chunk_request", id=int(identifier_of(stream_id)))["chunk"])

    def next_chunk_meta(self, stream_id: Any) -> ObjectMeta:
        """Wait for the next chunk of a stream, and return its metadata."""
        return self.get_meta(self.next_chunk_id(stream_id))

    def next_chunk(self, stream_id: Any) -> Object:
        """Wait for the next chunk of a stream, and return it."""
        return self.get_object(self.next_chunk_id(stream_id))

    def stop_stream(self, stream_id: Any, failed: bool) -> None:
        """Say that nothing more comes."""
        self._ask("stop_stream_request", id=int(identifier_of(stream_id)), failed=failed)

    def drop_stream(self, stream_id: Any) -> None:
        """Give up a stream with its chunks."""
        self._ask("drop_stream_request", id=int(identifier_of(stream_id)))
        self.delete(identifier_of(stream_id))
