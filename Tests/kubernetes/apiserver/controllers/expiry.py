"""Events go some time after they were last written, an hour unless `--event-ttl` says otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..cluster import Cluster
from ..storage.versions import Event

_PREFIXES = ("/events", "events.k8s.io/events")


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str, str]]:
    if event.prefix in _PREFIXES and event.current is not None:
        yield (event.prefix, *event.key)


async def reconcile(cluster: Cluster, key: tuple[str, str, str]) -> float | None:
    """Delete an event whose time is over; returns when that will be."""
    prefix, *where = key
    stored = cluster.store.get(prefix, (where[0], where[1]))
    if stored is None:
        return None
    left = stored.at + cluster.settings.event_ttl - time.monotonic()
    if left > 0:
        return left
    cluster.store.remove(prefix, (where[0], where[1]))
    return None
