"""How often that struck what tests injected: a test of a disturbance that never came about shows nothing."""

from __future__ import annotations

WATCHES_CUT = "cut of open watches"
HISTORY_FORGOTTEN = "forgotten history"


class Injections:
    """Every disturbance asked for since the cluster was last reset, by its description."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._optional: set[str] = set()

    def expect(self, name: str, optional: bool = False) -> None:
        """Count a disturbance from now on. An optional one may never strike."""
        if name not in self._counts:
            self._counts[name] = 0
            if optional:
                self._optional.add(name)
        elif not optional:
            self._optional.discard(name)

    def strike(self, name: str, times: int = 1) -> None:
        """Note that a disturbance struck; one that nobody expects is none."""
        if name in self._counts:
            self._counts[name] += times

    def counts(self) -> dict[str, int]:
        """How often each struck."""
        return dict(self._counts)

    def missing(self) -> list[str]:
        """Those that should have struck and did not."""
        return [name for name, count in self._counts.items() if not count and name not in self._optional]

    def clear(self) -> None:
        self._counts.clear()
        self._optional.clear()
