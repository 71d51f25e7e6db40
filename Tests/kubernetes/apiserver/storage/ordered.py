"""The objects of one kind, in the order of their keys."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from .versions import Key, Stored


class Ordered:
    """Objects by key; listing a namespace costs what is in it."""

    def __init__(self) -> None:
        self._found: dict[Key, Stored] = {}
        self._keys: list[Key] = []

    def get(self, key: Key) -> Stored | None:
        return self._found.get(key)

    def put(self, key: Key, stored: Stored) -> None:
        if key not in self._found:
            insort(self._keys, key)
        self._found[key] = stored

    def pop(self, key: Key) -> Stored:
        """Take an object out. Raises `KeyError`."""
        stored = self._found.pop(key)
        del self._keys[bisect_left(self._keys, key)]
        return stored

    def items(self) -> list[tuple[Key, Stored]]:
        """Everything, as it is now."""
        return [(key, self._found[key]) for key in self._keys]

    def within(self, namespace: str = "") -> list[Stored]:
        """The objects of a namespace; of all if it is empty."""
        return [self._found[key] for key in (self._those_of(namespace) if namespace else self._keys)]

    def _those_of(self, namespace: str) -> Iterator[Key]:
        for index in range(bisect_left(self._keys, (namespace, "")), len(self._keys)):
            if self._keys[index][0] != namespace:
                return
            yield self._keys[index]
