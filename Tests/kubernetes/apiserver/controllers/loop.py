"""A controller's loop: keys of objects that need a look, one after the other, again when asked."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import Event

Key = tuple[Any, ...]
Reconcile = Callable[[Cluster, Key], Awaitable[float | None]]
"""Looks at one key; returns in how many seconds to look again, None for when something changes."""
_RETRY = 0.05


class Loop:
    """Feeds the keys that events give to one reconciler."""

    def __init__(self, cluster: Cluster, keys: Callable[[Cluster, Event], Iterable[Key]], reconcile: Reconcile) -> None:
        self._cluster, self._keys, self._reconcile = cluster, keys, reconcile
        self._due: dict[Key, None] = {}
        self._woken = asyncio.Event()
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def offer(self, event: Event) -> None:
        """Note what an event makes worth a look."""
        for key in self._keys(self._cluster, event):
            self.add(key)

    def add(self, key: Key) -> None:
        self._due[key] = None
        self._woken.set()

    async def run(self) -> None:
        """Reconcile until cancelled."""
        end = self._cluster.store.listen(self.offer)
        for prefix, key, stored in self._cluster.store.all():
            self.offer(Event(stored.revision, prefix, key, stored, None))
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self._work()
        finally:
            end()
            for timer in self._timers.values():
                timer.cancel()

    async def _work(self) -> None:
        while self._due:
            key = next(iter(self._due))
            del self._due[key]
            again = await self._look(key)
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()
            if again is not None:
                self._timers[key] = asyncio.get_running_loop().call_later(again, self.add, key)
            await asyncio.sleep(0)

    async def _look(self, key: Key) -> float | None:
        try:
            return await self._reconcile(self._cluster, key)
        except ApiError as error:
            return _RETRY if error.code in (409, 404) else 10 * _RETRY
        except Exception:
            print(f"controller failed at {key}:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            return 10 * _RETRY
