"""The objects, the one revision counter, and the history that watches replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import ApiError, expired, timeout
from .history import History
from .ordered import Ordered
from .owners import Owners
from .versions import Event, Key, Stored


class Store:
    """All objects by kind prefix, namespace and name."""

    def __init__(self) -> None:
        self.revision = 1
        self._objects: dict[str, Ordered] = {}
        self._owners = Owners()
        self._history = History()
        self._listeners: list[Callable[[Event], None]] = []

    @property
    def compacted(self) -> int:
        """The oldest revision that can still be asked for."""
        return self._history.compacted

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with each event from now on; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, prefix: str, key: Key) -> Stored | None:
        objects = self._objects.get(prefix)
        return objects.get(key) if objects is not None else None

    def select(self, prefix: str, namespace: str = "") -> list[Stored]:
        """Objects of a kind in the order of their keys."""
        objects = self._objects.get(prefix)
        return objects.within(namespace) if objects is not None else []

    def all(self) -> Iterator[tuple[str, Key, Stored]]:
        """Every object there is, as it was when asked."""
        for prefix, objects in list(self._objects.items()):
            for key, stored in objects.items():
                yield prefix, key, stored

    def dependents(self, uid: str) -> list[tuple[str, Key, Stored]]:
        """Every object with an ownerReference to that uid, in the order of prefixes and keys."""
        found = ((prefix, key, self.get(prefix, key)) for prefix, key in self._owners.dependents(uid))
        return [(prefix, key, stored) for prefix, key, stored in found if stored is not None]

    def put(self, prefix: str, key: Key, obj: dict[str, Any]) -> Stored:
        """Store a new version of an object; it gets the next resourceVersion."""
        previous = self.get(prefix, key)
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        stored = Stored(obj, self.revision)
        self._objects.setdefault(prefix, Ordered()).put(key, stored)
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
        self._history.forget(self.revision)

    def clear(self) -> None:
        """Forget every object without an event."""
        self._objects.clear()
        self._owners.clear()
        self.compact()

    def since(self, revision: int) -> list[Event]:
        """The events after a revision. Raises 410 if history no longer reaches so far."""
        self._check(revision)
        return list(self._history.back_to(revision))[::-1]

    def list_at(self, prefix: str, namespace: str, revision: int) -> list[Stored]:
        """Objects of a kind as they were at a revision. Raises 410."""
        self._check(revision)
        found = dict(self._objects[prefix].items()) if prefix in self._objects else {}
        for event in self._history.back_to(revision):
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
        self._owners.note((event.prefix, event.key), event.previous, event.current)
        for listener in list(self._listeners):
            listener(event)
        self._history.add(event)
