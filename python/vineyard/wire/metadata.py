"""Metadata of an object: fields, and members that are metadata again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vineyard.wire.identifiers import EMPTY_BLOB, INVALID_OBJECT, ObjectID

if TYPE_CHECKING:
    from vineyard.wire.objects import Object

Tree = "dict[str, Any]"
_INHERITED = ("JOB_NAME", "POD_NAME", "POD_NAMESPACE")
# The environment by encoded names, where Python has it so: looking up three names takes longer otherwise than all else.
_environment: Any = getattr(os.environ, "_data", os.environ)
_inherited = tuple((name, os.fsencode(name) if _environment is not os.environ else name) for name in _INHERITED)
UNSPECIFIED_INSTANCE = (1 << 64) - 1

EMPTY_BLOB_TREE: dict[str, Any] = {
    "id": repr(EMPTY_BLOB),
    "instance_id": 0,
    "length": 0,
    "nbytes": 0,
    "signature": int(EMPTY_BLOB),
    "transient": True,
    "typename": "vineyard::Blob",
}


def new_tree(typename: str | None = None, is_global: bool = False) -> dict[str, Any]:
    """Fields that every new object has."""
    tree: dict[str, Any] = {"global": is_global, "instance_id": 0, "nbytes": 0, "transient": True}
    if typename is not None:
        tree["typename"] = typename
    for variable, encoded in _inherited:
        if encoded in _environment:
            tree[variable] = os.environ[variable]
    return tree


def blob_tree(blob: int, size: int, instance: int) -> dict[str, Any]:
    """Metadata of a blob as a member."""
    return {
        "id": f"o{blob:016x}",
        "instance_id": instance,
        "length": size,
        "nbytes": size,
        "transient": True,
        "typename": "vineyard::Blob",
    }


def blobs_of(tree: dict[str, Any], found: dict[int, set[int]] | None = None) -> dict[int, set[int]]:
    """Blobs of an object and of its members, by instance."""
    found = {} if found is None else found
    identifier = tree.get("id")
    if tree.get("typename") == "vineyard::Blob" and identifier:
        found.setdefault(tree.get("instance_id", 0), set()).add(int(identifier[1:], 16))
        return found
    for value in tree.values():
        if type(value) is dict:
            blobs_of(value, found)
    return found


class ObjectMeta:
    """Metadata of an object: a new one to be filled in, or what a store told."""

    def __init__(self, global_: bool = False, **fields: Any) -> None:
        self._tree = new_tree(is_global=global_)
        self._client: Any = None
        self._roots: dict[int, Any] = {}
        for key, value in fields.items():
            self[key] = value

    @classmethod
    def of(cls, tree: dict[str, Any], client: Any = None, roots: dict[int, Any] | None = None) -> ObjectMeta:
        """Metadata that a store told, with the bytes of the blobs in it."""
        self = cls.__new__(cls)
        self._tree = tree
        self._client = client
        self._roots = {} if roots is None else roots
        return self

    @property
    def meta(self) -> ObjectMeta:
        """Itself: resolvers take objects and metadata alike."""
        return self

    @property
    def tree(self) -> dict[str, Any]:
        """The fields as the store has them."""
        return self._tree

    @property
    def id(self) -> ObjectID:
        """Identifier; an invalid one before the object was created."""
        text = self._tree.get("id")
        return ObjectID(text) if text else INVALID_OBJECT

    @property
    def signature(self) -> int:
        """What stays when an object is copied to another instance."""
        return int(self._tree.get("signature", INVALID_OBJECT))

    @property
    def typename(self) -> str:
        """Name of the type."""
        return str(self._tree.get("typename", ""))

    @property
    def nbytes(self) -> int:
        """Size that the writer stated, in bytes."""
        return int(self._tree.get("nbytes", 0))

    @property
    def instance_id(self) -> int:
        """Instance of the store that has it."""
        return int(self._tree.get("instance_id", UNSPECIFIED_INSTANCE))

    @property
    def islocal(self) -> bool:
        """Whether the client's store has it."""
        return self._client is None or self.isglobal or self.instance_id == self._client.instance_id

    @property
    def isglobal(self) -> bool:
        """Whether it spans instances."""
        return bool(self._tree.get("global", False))

    def set_global(self, global_: bool = True) -> None:
        """State whether it spans instances."""
        self._tree["global"] = global_

    @property
    def timestamp(self) -> int:
        """When it was created: unix milliseconds."""
        return int(self._tree.get("__timestamp", 0))

    @property
    def labels(self) -> dict[str, str]:
        """All labels."""
        return dict(json.loads(self._tree.get("__labels", "{}")))

    def label(self, key: str) -> str:
        """One label, empty when there is none."""
        return self.labels.get(key, "")

    def __contains__(self, key: object) -> bool:
        return key in self._tree

    def __getitem__(self, key: str) -> Any:
        try:
            value = self._tree[key]
        except KeyError:
            raise KeyError(f"key '{key}' does not exist") from None
        if type(value) is dict:
            return ObjectMeta.of(value, self._client, self._roots)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Value of a field, or the default."""
        return self[key] if key in self._tree else default

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, ObjectID) or hasattr(value, "meta"):
            self.add_member(key, value)
        elif isinstance(value, (dict, list, tuple)):
            # As the original does: structure is text to the store.
            self._tree[key] = json.dumps(value, separators=(",", ":"), default=plain)
        else:
            self._tree[key] = plain(value)

    def add_member(self, key: str, member: ObjectID | ObjectMeta | Object) -> None:
        """Make another object part of this one."""
        if isinstance(member, int):
            self._tree[key] = {"id": f"o{int(member):016x}"}
        else:
            self._tree[key] = member.meta._tree
            self._roots.update(member.meta._roots)

    def get_member(self, key: str) -> Object:
        """A member as an object."""
        from vineyard.wire.objects import object_of

        value = self[key]
        if not isinstance(value, ObjectMeta):
            raise KeyError(f"'{key}' is no member")
        return object_of(value)

    member = get_member

    def get_buffer(self, blob: int) -> memoryview:
        """Bytes of a blob in it."""
        if int(blob) not in self._roots:
            raise KeyError(f"blob o{int(blob):016x} is not there: the metadata was not fetched with its buffers")
        return memoryview(self._roots[int(blob)])

    def add_remote_blob(self, blob: Any) -> None:
        """Take the bytes of a blob that was fetched."""
        self._roots[int(blob.id)] = blob

    def items(self) -> list[tuple[str, Any]]:
        """All fields, in the order of their names."""
        return [(key, self[key]) for key in sorted(self._tree)]

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.items())

    @property
    def memory_usage(self) -> int:
        """Bytes of all its blobs, each counted once."""
        return sum(self._size(blob) for blobs in blobs_of(self._tree).values() for blob in blobs)

    def memory_usage_details(self, pretty: bool = True) -> Any:
        """Bytes by member; as text with units when pretty."""

        def measure(tree: dict[str, Any]) -> Any:
            if tree.get("typename") == "vineyard::Blob":
                return self._size(int(tree["id"][1:], 16))
            return {key: measure(value) for key, value in sorted(tree.items()) if type(value) is dict}

        details = measure(self._tree)
        return json.dumps(details, indent=4) if pretty else details

    def _size(self, blob: int) -> int:
        root = self._roots.get(blob)
        return 0 if root is None else int(root.nbytes)

    def force_local(self) -> None:
        """Regard all of it as local; bytes of other stores were fetched."""

    def reset(self) -> None:
        """Forget everything."""
        self._tree = new_tree()
        self._roots = {}

    def reset_key(self) -> None:
        """Forget identifiers, so that it can be created once more."""
        self._tree.pop("id", None)

    def reset_signature(self) -> None:
        """Forget the signature."""
        self._tree.pop("signature", None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectMeta) and self._tree == other._tree

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"ObjectMeta {json.dumps(self._tree, indent=4, sort_keys=True, default=str)}"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(key)}</th><td>{escape(str(value)[:200])}</td></tr>"
            for key, value in sorted(self._tree.items())
            if type(value) is not dict
        )
        return f"<table><caption>{escape(self.typename)} {self.id!r}</caption>{rows}</table>"


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if hasattr(value, "item") and hasattr(value, "dtype"):
        return value.item()
    return value
