"""Progress of long transfers, for people who look at a terminal or a notebook."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

_FIRST_SECONDS = 1.0
_PAUSE_SECONDS = 0.2
_VARIABLE = "VINEYARD_PROGRESS"


class Progress:
    """Tells on stderr how far a transfer is, when it takes more than a second. Threads may share one."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._begin = time.monotonic()
        self._next = self._begin + _FIRST_SECONDS
        self._width = 0
        self._lock = threading.Lock()
        self._is_shown: bool | None = None

    def add(self, size: int) -> None:
        """Note that so many more bytes have moved."""
        with self._lock:
            self._done += size
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + _PAUSE_SECONDS
            if self._is_shown is None:
                self._is_shown = _somebody_looks()
            if self._is_shown:
                self._write(self._text(now))

    def end(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._width:
                self._write("")
                self._width = 0

    def _text(self, now: float) -> str:
        speed = self._done / max(now - self._begin, 1e-9)
        part = min(100, self._done * 100 // max(self._total, 1))
        return f"{self._what} {_size(self._done)} of {_size(self._total)} ({part} %), {_size(speed)}/s"

    def _write(self, text: str) -> None:
        # A line that went wrong is no reason to end a transfer.
        try:
            sys.stderr.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
            sys.stderr.flush()
        except (OSError, ValueError):
            self._is_shown = False
        self._width = max(self._width, len(text))

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _somebody_looks() -> bool:
    """Whether stderr is a terminal or a notebook's cell; `VINEYARD_PROGRESS` (0 or 1) decides before that."""
    told = os.environ.get(_VARIABLE, "")
    if told:
        return told.lower() not in ("0", "no", "off", "false", "never")
    try:
        if sys.stderr.isatty():
            return True
    except (AttributeError, ValueError):
        return False
    shell: Any = sys.modules.get("IPython")
    shell = shell.get_ipython() if shell is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
