"""Faults between an operator and its API server, at random."""

from __future__ import annotations

import random

from apiserver.double import Double

AGENT = "^vineyardctl/"
"""The operator; whoever tests it meets no faults."""
_PATHS = ("/apis/apps/", "/api/v1/", "/apis/k8s.v6d.io/.*/status", "/storageclasses", "/apis/rbac", "/apis/")


class Weather:
    """One fault at a time; each is over by itself after some requests."""

    def __init__(self, double: Double, chance: random.Random) -> None:
        self.double = double
        self.random = chance

    def change(self) -> None:
        self.random.choice(
            (
                self.calm,
                self.calm,
                self.fail,
                self.fail,
                self.conflict,
                self.refuse,
                self.interrupt,
                self.spoil,
                self.slow_down,
                self.drop_watches,
                self.compact,
                self.expire,
            )
        )()

    def calm(self) -> None:
        """Nothing happens."""

    def _fault(self, kind: str, **more: object) -> None:
        more = {"path": self.random.choice(_PATHS), "times": self.random.randrange(1, 5)} | more
        self.double.fault(kind, agent=AGENT, optional=True, **more)

    def fail(self) -> None:
        code = self.random.choice((500, 503, 504, 429))
        after = {"retry_after": 1} if code == 429 else {}
        self._fault("status", code=code, method=self.random.choice(("GET", "POST", "PATCH", "DELETE", ".*")), **after)

    def conflict(self) -> None:
        self._fault("status", code=409, reason="Conflict", method="PATCH|POST|DELETE")

    def refuse(self) -> None:
        self._fault("status", code=403, reason="Forbidden", method="PATCH|POST|DELETE")

    def interrupt(self) -> None:
        self._fault(self.random.choice(("reset", "close")))

    def spoil(self) -> None:
        self._fault(self.random.choice(("truncate", "malformed")))

    def slow_down(self) -> None:
        self._fault("delay", seconds=0.05, times=20)

    def drop_watches(self) -> None:
        self.double.drop_watches(optional=True)

    def compact(self) -> None:
        """History is forgotten while nobody watches."""
        self.double.compact(optional=True)
        self.double.drop_watches(optional=True)

    def expire(self) -> None:
        """Watches begin with 410."""
        self._fault("expire-watch", path="/", times=self.random.randrange(1, 15))
        self.double.drop_watches(optional=True)
