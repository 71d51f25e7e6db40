"""What the double remembers of each request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
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
