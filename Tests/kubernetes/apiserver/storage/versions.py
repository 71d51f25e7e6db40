"""Versions of objects, and the changes from one to the next."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""


def encode(value: Any) -> bytes:
    """JSON as responses carry it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Stored:
    """One version of an object. Nobody changes `obj`: copy it with `copy()`."""

    __slots__ = ("_body", "_obj", "at", "revision")

    def __init__(self, obj: dict[str, Any], revision: int) -> None:
        self._obj: dict[str, Any] | None = obj
        self._body: bytes | None = None
        self.revision = revision
        self.at = time.monotonic()

    @property
    def obj(self) -> dict[str, Any]:
        return self._obj if self._obj is not None else json.loads(self.body)

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = encode(self._obj)
        return self._body

    def copy(self) -> dict[str, Any]:
        return json.loads(self.body)

    def pack(self) -> None:
        """Keep only the encoded form, a tenth of the size: history needs no more of what was replaced."""
        self._obj = None if self.body else self._obj


@dataclass(frozen=True, eq=False, slots=True)
class Event:
    """One change: `current` is None after a deletion, `previous` after a creation."""

    revision: int
    prefix: str
    key: Key
    current: Stored | None
    previous: Stored | None
    final: Stored | None = None
    """The last state of a deleted object, with the revision of its deletion."""
