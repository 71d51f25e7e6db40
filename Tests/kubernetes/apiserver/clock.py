"""Time as objects carry it: RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now(later: float = 0) -> str:
    """The time in whole seconds, some seconds later."""
    moment = datetime.now(UTC) + timedelta(seconds=later)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_now() -> str:
    """The time in microseconds, as leases have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_since(moment: str) -> float:
    """How long ago a time of an object was."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (datetime.now(UTC) - then).total_seconds()
