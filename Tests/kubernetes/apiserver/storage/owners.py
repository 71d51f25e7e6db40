"""Which objects name which owners."""

from __future__ import annotations

from .versions import Key, Stored

Address = tuple[str, Key]
"""Prefix and key of an object."""


class Owners:
    """An index of ownerReferences, so that nobody looks through all objects for those of one owner."""

    def __init__(self) -> None:
        self._dependents: dict[str, set[Address]] = {}

    def note(self, address: Address, before: Stored | None, after: Stored | None) -> None:
        """Take note of a change of one object."""
        old, new = _uids(before), _uids(after)
        for uid in new - old:
            self._dependents.setdefault(uid, set()).add(address)
        for uid in old - new:
            left = self._dependents[uid]
            left.discard(address)
            if not left:
                del self._dependents[uid]

    def dependents(self, uid: str) -> list[Address]:
        """What names that owner, in the order of prefixes and keys."""
        return sorted(self._dependents.get(uid, ()))

    def clear(self) -> None:
        self._dependents.clear()


def _uids(stored: Stored | None) -> set[str]:
    references = stored.obj["metadata"].get("ownerReferences") or () if stored is not None else ()
    return {reference["uid"] for reference in references}
