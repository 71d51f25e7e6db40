"""The objects, the one revision counter, and the history that watches replay."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import ApiError, expired, timeout

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""
HISTORY = 20_000


def encode(value: Any) -> bytes:
    """JSON as responses carry it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, eq=False)
class Stored:
    """One version of an object. Nobody changes `obj`: copy it with `copy()`."""

    obj: dict[str, Any]
    revision: int

    @cached_property
    def body(self) -> bytes:
        return encode(self.obj)

    def copy(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(frozen=True, eq=False)
class Event:
    """One change: `current` is None after a deletion, `previous` after a creation."""

    revision: int
    prefix: str
    key: Key
    current: Stored | None
    previous: Stored | None
    final: Stored | None = None
    """The last state of a deleted object, with the revision of its deletion."""


class Store:
    """All objects by kind prefix, namespace and name."""

    def __init__(self) -> None:
        self.revision = 1
        self.compacted = 0
        self._objects: dict[str, dict[Key, Stored]] = {}
        self._history: deque[Event] = deque()
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with each event from now on; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, prefix: str, key: Key) -> Stored | None:
        return self._objects.get(prefix, {}).get(key)

    def select(self, prefix: str, namespace: str = "") -> list[Stored]:
        """Objects of a kind in the order of their keys."""
        found = self._objects.get(prefix, {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def all(self) -> Iterator[tuple[str, Key, Stored]]:
        """Every object there is, as it was when asked."""
        for prefix, objects in list(self._objects.items()):
            for key, stored in list(objects.items()):
                yield prefix, key, stored

    def put(self, prefix: str, key: Key, obj: dict[str, Any]) -> Stored:
        """Store a new version of an object; it gets the next resourceVersion."""
        previous = self.get(prefix, key)
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        stored = Stored(obj, self.revision)
        self._objects.setdefault(prefix, {})[key] = stored
        self._record(Event(self.revision, prefix, key, stored, previous))
        return stored

    def remove(self, prefix: str, key: Key, last: dict[str, Any] | None = None) -> Stored:
        """Delete an object; returns its last state, which is `last` if a write removed it."""
        previous = self._objects[prefix].pop(key)
        self.revision += 1
        last = last or previous.copy()
        last["metadata"]["resourceVersion"] = str(self.revision)
        final = Stored(last, self.revision)
        self._record(Event(self.revision, prefix, key, None, previous, final))
        return final

    def compact(self) -> None:
        """Forget history: every earlier resourceVersion answers 410 from now on."""
        self.revision += 1
        self.compacted = self.revision
        self._history.clear()

    def clear(self) -> None:
        """Forget every object without an event."""
        self._objects.clear()
        self.compact()

    def since(self, revision: int) -> list[Event]:
        """The events after a revision. Raises 410 if history no longer reaches so far."""
        self._check(revision)
        return [event for event in self._history if event.revision > revision]

    def list_at(self, prefix: str, namespace: str, revision: int) -> list[Stored]:
        """Objects of a kind as they were at a revision. Raises 410."""
        self._check(revision)
        found = dict(self._objects.get(prefix, {}))
        for event in reversed(self._history):
            if event.revision <= revision:
                break
            if event.prefix == prefix:
                if event.previous is None:
                    found.pop(event.key, None)
                else:
                    found[event.key] = event.previous
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def _check(self, revision: int) -> None:
        if revision < self.compacted:
            raise expired(f"too old resource version: {revision} ({self.compacted})")
        if revision > self.revision:
            error: ApiError = timeout(f"Too large resource version: {revision}, current: {self.revision}")
            error.details = {
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            }
            raise error

    def _record(self, event: Event) -> None:
        self._history.append(event)
        if len(self._history) > HISTORY:
            self.compacted = self._history.popleft().revision
        for listener in list(self._listeners):
            listener(event)
