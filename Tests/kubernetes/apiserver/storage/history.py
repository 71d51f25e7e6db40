"""The changes that watches replay, and how far back they reach."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .versions import Event

LENGTH = 10_000
"""Changes that are remembered; a genuine server remembers those of some minutes."""


class History:
    """The latest changes, oldest first."""

    def __init__(self) -> None:
        self.compacted = 0
        """Changes up to this revision are forgotten."""
        self._events: deque[Event] = deque()

    def add(self, event: Event) -> None:
        """Remember a change, after everybody has heard of it."""
        for old in (event.previous, event.final):
            if old is not None:
                old.pack()
        self._events.append(event)
        if len(self._events) > LENGTH:
            self.compacted = self._events.popleft().revision

    def forget(self, revision: int) -> None:
        """Forget everything up to a revision."""
        self.compacted = revision
        self._events.clear()

    def back_to(self, revision: int) -> Iterator[Event]:
        """The changes after a revision, newest first."""
        for event in reversed(self._events):
            if event.revision <= revision:
                return
            yield event
