"""Watches: the changes after a revision, as they happen."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .. import errors
from ..cluster import Cluster
from ..control.faults import Fault
from ..control.injections import HISTORY_FORGOTTEN
from ..errors import ApiError
from ..fielderrors import forbidden
from ..kinds import Kind
from ..objects.nameless import OPTIONS
from ..storage.selectors import Predicate
from ..storage.versions import Event, Stored, encode
from .lists import predicate, view
from .target import Target

BOOKMARK_SECONDS = 1.0
"""How often a quiet watch gets a bookmark; the genuine server waits a minute."""
_LONGEST = 3600.0


async def watch(cluster: Cluster, target: Target, request: web.Request, fault: Fault | None) -> web.StreamResponse:
    """Answer a watch until its time is over, the client is gone or a test drops it."""
    query, kind = request.query, target.kind
    selects = predicate(kind, query, target.name)
    seconds = float(query.get("timeoutSeconds") or _LONGEST)
    if query.get("sendInitialEvents"):
        why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        raise errors.invalid(OPTIONS["GET"], "", [forbidden("sendInitialEvents", why)])
    stream = Stream(cluster, kind, target.namespace, selects)
    first = _start(cluster, stream, query.get("resourceVersion", ""), fault)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    drop = asyncio.Event()
    cluster.connections.add(drop)
    try:
        await response.prepare(request)
        await _send(response, first)
        if not (fault is not None and fault.kind == "expire-watch") and stream.alive:
            bookmarks = query.get("allowWatchBookmarks") == "true"
            await _follow(cluster, stream, response, seconds, drop, bookmarks, fault)
        is_cut = drop.is_set()
        if fault is not None and fault.kind == "drop-watch" and not is_cut:
            cluster.injections.strike(fault.name)
            is_cut = True
        if is_cut and request.transport is not None:
            request.transport.abort()
    except (ConnectionResetError, asyncio.CancelledError):
        pass
    finally:
        cluster.connections.discard(drop)
        stream.close()
    return response


class Stream:
    """The changes of a kind that one watch wants to see."""

    def __init__(self, cluster: Cluster, kind: Kind, namespace: str, selects: Predicate | None) -> None:
        self.kind, self.namespace, self._selects = kind, namespace, selects
        self._pending: list[bytes] = []
        self.woken = asyncio.Event()
        self.alive = True
        self._end = cluster.store.listen(self.offer)

    def close(self) -> None:
        self._end()

    def take(self) -> list[bytes]:
        """What has happened since it was last taken."""
        taken, self._pending = self._pending, []
        self.woken.clear()
        return taken

    def offer(self, event: Event) -> None:
        """Note a change of the store if the watch wants to see it."""
        if event.prefix != self.kind.stored or (self.namespace and event.key[0] != self.namespace):
            return
        before = event.previous is not None and self.shows(event.previous)
        after = event.current is not None and self.shows(event.current)
        if after:
            self.add("MODIFIED" if before else "ADDED", event.current)
        elif before:
            self.add("DELETED", event.final or self._last_seen(event))

    def shows(self, stored: Stored) -> bool:
        return self._selects is None or self._selects(stored.obj)

    def add(self, kind: str, stored: Stored | None) -> None:
        if stored is not None:
            self._pending.append(frame(kind, view(self.kind, stored)))
            self.woken.set()

    def _last_seen(self, event: Event) -> Stored | None:
        """An object that left the selection, as it was when in it but with the new revision."""
        if event.previous is None:
            return None
        last = event.previous.copy()
        last["metadata"]["resourceVersion"] = str(event.revision)
        return Stored(last, event.revision)


def frame(kind: str, body: bytes) -> bytes:
    """One event of a watch."""
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def _start(cluster: Cluster, stream: Stream, revision: str, fault: Fault | None) -> list[bytes]:
    """The events with which a watch begins."""
    if revision and not revision.isdigit():
        stream.close()
        raise errors.bad_request(
            f'resourceVersion: Invalid value: "{revision}": strconv.ParseUint: parsing "{revision}": invalid syntax'
        )
    name = HISTORY_FORGOTTEN
    try:
        if fault is not None and fault.kind == "expire-watch":
            name = fault.name
            raise errors.expired(f"too old resource version: {revision or 0} ({cluster.store.revision})")
        if revision in ("", "0"):
            for stored in cluster.store.select(stream.kind.stored, stream.namespace):
                if stream.shows(stored):
                    stream.add("ADDED", stored)
        else:
            for event in cluster.store.since(int(revision)):
                stream.offer(event)
    except ApiError as error:
        if error.code == 410:
            cluster.injections.strike(name)
        stream.alive = False
        return [frame("ERROR", encode(error.status()))]
    return stream.take()


async def _follow(
    cluster: Cluster,
    stream: Stream,
    response: web.StreamResponse,
    seconds: float,
    drop: asyncio.Event,
    bookmarks: bool,
    fault: Fault | None,
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    if fault is not None and fault.kind == "drop-watch":
        end = min(end, loop.time() + fault.seconds)
    while (left := end - loop.time()) > 0 and not drop.is_set():
        waiting = [asyncio.ensure_future(stream.woken.wait()), asyncio.ensure_future(drop.wait())]
        try:
            done, _ = await asyncio.wait(
                waiting, timeout=min(left, BOOKMARK_SECONDS if bookmarks else left), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in waiting:
                task.cancel()
        if stream.woken.is_set():
            await _send(response, stream.take())
        elif not done and bookmarks:
            await _send(response, [_bookmark(cluster, stream.kind)])


async def _send(response: web.StreamResponse, frames: list[bytes]) -> None:
    if frames:
        await response.write(b"".join(frames))


def _bookmark(cluster: Cluster, kind: Kind) -> bytes:
    meta = {"resourceVersion": str(cluster.store.revision)}
    return frame("BOOKMARK", encode({"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta}))
