"""What the double remembers of each request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

LIMIT = 100_000
"""Requests that are remembered, some tens of MB of them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was answered."""

    method: str
    path: str
    query: str
    user: str
    impersonator: str
    user_agent: str
    content_type: str
    accept: str
    status: int
    protocol: str
    connection: int
    """The same number for requests on the same connection."""
    seconds: float


class Journal:
    """The requests since it was last cleared."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._is_full = False

    def add(self, request: Request) -> None:
        """Remember a request, unless there are too many: then none is kept."""
        if len(self._requests) >= LIMIT:
            self._requests.clear()
            self._is_full = True
        if not self._is_full:
            self._requests.append(request)

    def all(self) -> list[Request]:
        """Every request, oldest first. Raises `LookupError` when there were too many to remember."""
        if self._is_full:
            raise LookupError(f"more than {LIMIT} requests since they were last cleared")
        return list(self._requests)

    def clear(self) -> None:
        self._requests.clear()
        self._is_full = False
