"""Faults that a test asks for, matched against requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_OF_WATCHES = ("drop-watch", "expire-watch")
_OF_BODIES = ("truncate", "malformed")
KINDS = ("status", "reset", "delay", "close", *_OF_BODIES, *_OF_WATCHES)


@dataclass
class Fault:
    """What happens to requests whose method, path and user agent match; `times` None: until cleared."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    agent: str = ""
    """Regular expression for the User-Agent; empty for everybody."""
    times: int | None = 1
    code: int = 500
    reason: str = ""
    message: str = ""
    retry_after: int | None = None
    seconds: float = 0.0
    after_bytes: int = 20
    skip: int = 0
    """How many matching requests pass before the fault begins."""
    optional: bool = False
    """Whether a test is content when no request ever meets the fault."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; one of {', '.join(KINDS)}")
        self._method = re.compile(self.method)
        self._path = re.compile(self.path)
        self._agent = re.compile(self.agent)

    @property
    def name(self) -> str:
        """The description under which its strikes are counted."""
        status = str(self.code) if self.kind == "status" else ""
        agent = f"agent {self.agent}" if self.agent else ""
        return " ".join(word for word in ("fault", self.kind, status, self.method, self.path, agent) if word)

    @property
    def comes_first(self) -> bool:
        """Whether the fault strikes before the request is looked at."""
        return self.kind not in (*_OF_BODIES, *_OF_WATCHES)

    @property
    def spoils_body(self) -> bool:
        """Whether the fault strikes after the request was answered, in the body of the response."""
        return self.kind in _OF_BODIES

    def matches(self, method: str, path_and_query: str, agent: str, watch: bool) -> bool:
        if (self.kind in _OF_WATCHES and not watch) or (self.spoils_body and watch):
            return False
        return bool(self._method.fullmatch(method) and self._path.search(path_and_query) and self._agent.search(agent))


def take(faults: list[Fault], method: str, path_and_query: str, agent: str, watch: bool) -> Fault | None:
    """The fault for a request, counted as used."""
    for fault in faults:
        if not fault.matches(method, path_and_query, agent, watch):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                faults.remove(fault)
        return fault
    return None


def described(fault: Fault) -> dict[str, Any]:
    """A fault as the control endpoint lists it."""
    return {key: value for key, value in vars(fault).items() if not key.startswith("_")}
