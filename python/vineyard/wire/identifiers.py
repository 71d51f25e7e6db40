"""Identifiers of objects, as numbers and as text."""

from __future__ import annotations

import re
from typing import Any

BLOB_BIT = 1 << 63
_TEXT = re.compile(r"(?:vineyard://)?[a-zA-Z]?([0-9a-fA-F]{1,16})\Z")


class ObjectID(int):
    """Identifier of an object or a blob: 64 bits, written `o%016x`."""

    __slots__ = ()

    def __new__(cls, value: int | str = (1 << 64) - 1) -> ObjectID:
        if isinstance(value, str):
            match = _TEXT.match(value)
            if match is None:
                raise ValueError(f"{value!r} is no object id: one looks like o68820f1e80800002")
            value = int(match[1], 16)
        return int.__new__(cls, value & 0xFFFFFFFFFFFFFFFF)

    @classmethod
    def from_uri(cls, uri: str) -> ObjectID:
        """Identifier in a `vineyard://` URI."""
        return cls(uri)

    @property
    def uri(self) -> str:
        """The identifier as a URI."""
        return f"vineyard://{self!r}"

    @property
    def is_blob(self) -> bool:
        """Whether it names a blob."""
        return bool(self & BLOB_BIT)

    def __repr__(self) -> str:
        return f"o{int(self):016x}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return ObjectID, (int(self),)


EMPTY_BLOB = ObjectID(BLOB_BIT)
INVALID_OBJECT = ObjectID()


class ObjectName(str):
    """Name of an object."""

    __slots__ = ()

    @classmethod
    def from_uri(cls, uri: str) -> ObjectName:
        """Name in a `vineyard://` URI."""
        return cls(uri[len("vineyard://") :] if uri.startswith("vineyard://") else uri)

    @property
    def uri(self) -> str:
        """The name as a URI."""
        return f"vineyard://{self!s}"
