"""One registered connection to a store.

Requests of one operation are written together and answered in order. What the store hands out is counted by the views
that are alive: the last one of a blob releases it, and a connection that is closed, or left to a forked child, keeps
its socket until its last view is gone.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Union

from vineyard.errors import (
    ConnectionErrorException,
    ConnectionFailedException,
    InvalidException,
    VineyardException,
    error_of,
)
from vineyard.version import COMPATIBLE_VERSION
from vineyard.wire.channel import Channel
from vineyard.wire.identifiers import EMPTY_BLOB
from vineyard.wire.memory import EMPTY, MemoryFile, Root, RootReference
from vineyard.wire.progress import Progress

Request = Union[str, "dict[str, Any]"]
Reply = "dict[str, Any]"

encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_RELEASE = '{{"type":"release_request","object_id":{}}}'
# With more answers than these on their way, or with a longer request behind others, both sides could wait for the other
# to read: a socket takes some 200 kB, and short messages count as a kilobyte each.
_MOST_UNREAD = 64
_LONG_REQUEST = 32 << 10
# Claims on less than this are given up with the next request, on more at once.
_DEFERRED_BYTES = 1 << 20
# A larger blob is not asked for before it is needed.
_MOST_RESERVED = 64 << 10

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection:
    """A socket to a store with all that the store gave to it. Threads take turns."""

    def __init__(self, address: str | tuple[str, int], timeout: float = 300, **credentials: Any) -> None:
        self.address = address
        self.is_local = isinstance(address, str)
        self.lock = threading.Lock()
        self.is_open = True
        # Set in both processes by a fork: nobody asks for blobs here any more.
        self.is_retired = False
        self._is_inherited = False
        self._files: dict[int, MemoryFile] = {}
        self._roots: dict[int, RootReference] = {}
        self._addresses: dict[int, int] = {}
        self._written: dict[int, Any] = {}
        self._dropped: deque[int] = deque()
        self._dropped_bytes = 0
        self._unwanted: deque[int] = deque()
        self._unread = 0
        self._channel = Channel(_connected(address), timeout)
        fields = {"version": COMPATIBLE_VERSION, "store_type": 1, "session_id": 0, "username": "", "password": ""}
        fields.update((key, value) for key, value in credentials.items() if value is not None)
        # Requests that the released store does not know.
        self.extensions: frozenset[str] = frozenset()
        # Blobs that the store gave in advance, those that nobody wants, and the size of the value that was put last.
        self._reserved: list[dict[str, Any]] = []
        self._reserve_lock = threading.Lock()
        self._last_size = 0
        try:
            own = {"releases_blobs": True, "extensions": True}
            self.registration = self.exchange([{"type": "register_request", **own, **fields}])[0]
            self.extensions = frozenset(self.registration.get("extensions", ()))
        except BaseException:
            self._channel.close()
            raise
        if self.is_local and not self.registration.get("store_match", True):
            self.close()
            raise InvalidException(f"{address} is a store of another kind")
        _connections.add(self)

    # Requests

    def exchange(self, requests: Iterable[Request]) -> list[dict[str, Any]]:
        """Send requests together and return their replies; the first refusal is raised when all were read."""
        with self.lock:
            replies = self.exchange_locked(requests)
        if self._dropped_bytes > _DEFERRED_BYTES:
            self._release()
        return replies

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send one request and return its reply."""
        return self.exchange([{"type": kind, **fields}])[0]

    def exchange_locked(self, requests: Iterable[Request], tolerant: bool = False) -> list[dict[str, Any]]:
        """`exchange` for who has the lock. With `tolerant`, refusals are returned instead of raised."""
        bodies = [(text if isinstance(text, str) else encode(text)).encode() for text in requests]
        releases = self._take_releases() if self._dropped or self._unwanted else []
        try:
            replies: list[dict[str, Any]] = []
            for batch in _batches(bodies):
                self._channel.send([*releases, *batch] if releases else batch)
                self._unread += len(releases)
                releases = []
                self._skip_unread()
                replies += [self._receive() for _ in batch]
        except BaseException as error:
            raise self._broken(error) from None
        if not tolerant:
            for reply in replies:
                if "code" in reply:
                    raise error_of(reply["code"], reply.get("message", ""))
        return replies

    def transfer(self, request: Request, outgoing: Sequence[Any] = (), incoming: bool = False) -> tuple[Any, list[Any]]:
        """Send a request with bytes after its first reply, or with bytes after its reply: (last reply, bytes)."""
        with self.lock:
            reply = self.exchange_locked([request])[0]
            try:
                if outgoing:
                    with Progress("vineyard: sent", sum(len(data) for data in outgoing)) as progress:
                        for data in outgoing:
                            self._channel.send_bytes(data, progress.add)
                    reply = self._receive()
                received = [bytearray(payload["data_size"]) for payload in reply["payloads"]] if incoming else []
                with Progress("vineyard: received", sum(map(len, received))) as progress:
                    for target in received:
                        self._channel.receive_into(memoryview(target), progress.add)
            except BaseException as error:
                raise self._broken(error) from None
        if "code" in reply:
            raise error_of(reply["code"], reply.get("message", ""))
        return reply, received

    def _receive(self) -> dict[str, Any]:
        body = self._channel.receive()
        try:
            reply: dict[str, Any] = _scan(body.decode(), 0)[0]
        except StopIteration:
            raise EOFError(f"not a reply of a store: {body[:80]!r}") from None
        announced = reply.get("fds")
        if announced is None:
            announced = [reply["fd"]] if reply.get("fd", -1) != -1 else ()
        for key in announced:
            self._files[key] = MemoryFile(self._channel.receive_file())
        return reply

    def _broken(self, error: BaseException) -> BaseException:
        """What to raise for an error in the middle of an exchange, after which nobody can say what comes next."""
        self.is_open = False
        self._close_when_unused()
        if isinstance(error, (OSError, EOFError, ValueError)):
            what = self.address if self.is_local else "{}:{}".format(*self.address)
            return ConnectionErrorException(f"the connection to {what} broke: {error}; the next call makes a new one")
        return error

    @property
    def is_usable(self) -> bool:
        """Whether requests can be sent; a store that went away is noticed here."""
        if not self.is_open or self.is_retired:
            return False
        if not self.lock.acquire(blocking=False):
            return True
        try:
            if not self._channel.is_idle():
                self.is_open = False
                self._close_when_unused()
            return self.is_open
        finally:
            self.lock.release()

    @property
    def timeout(self) -> float:
        """Seconds to wait for a reply."""
        return self._channel.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._channel.timeout = seconds

    # Blobs

    def view(self, ids: Iterable[int], unsafe: bool = False, fresh: bool = False) -> dict[int, Root]:
        """Roots of the blobs that there are; with `fresh` the store is asked about those that are looked at, too."""
        return self.exchange_and_view((), ids, unsafe, fresh)[1]

    def exchange_and_view(
        self, requests: Iterable[Request], ids: Iterable[int], unsafe: bool = False, fresh: bool = False
    ) -> tuple[list[dict[str, Any]], dict[int, Root]]:
        """Send requests, and ask for blobs along with them: (replies, which may be refusals; roots)."""
        with self.lock:
            roots: dict[int, Root] = {}
            missing = []
            for blob in ids:
                root = None if fresh else self._alive(blob)
                if root is not None:
                    roots[blob] = root
                elif blob == EMPTY_BLOB:
                    roots[blob] = EMPTY
                else:
                    missing.append(blob)
            asked = list(requests)
            if missing:
                listed = ",".join(str(int(blob)) for blob in missing)
                asked.append(
                    f'{{"type":"get_buffers_request","ids":[{listed}],"unsafe":{"true" if unsafe else "false"}}}'
                )
            replies = self.exchange_locked(asked, tolerant=True) if asked else []
            if missing:
                reply = replies.pop()
                if "code" in reply:
                    raise error_of(reply["code"], reply.get("message", ""))
                for payload in reply["payloads"]:
                    blob = payload["object_id"]
                    root = self._alive(blob)
                    roots[blob] = EMPTY if not payload["data_size"] else self._root(payload) if root is None else root
        if self._dropped_bytes > _DEFERRED_BYTES:
            self._release()
        return replies, roots

    def _alive(self, blob: int) -> Root | None:
        reference = self._roots.get(blob)
        return reference() if reference is not None else None

    def _root(self, payload: dict[str, Any]) -> Root:
        blob = payload["object_id"]
        root = self._files[payload["store_fd"]].bytes(payload, writable=False)
        root.blob, root.connection = blob, self
        reference = RootReference(root, self._gone, blob)
        self._roots[blob] = reference
        self._addresses[reference.address] = blob
        return root

    def space(self, payload: dict[str, Any]) -> Root:
        """The bytes of a blob that is being written."""
        if not payload["data_size"]:
            return EMPTY
        root = self._files[payload["store_fd"]].bytes(payload, writable=True)
        root.blob, root.connection = payload["object_id"], self
        reference = weakref.ref(root, self._written_gone)
        self._written[id(reference)] = reference
        return root

    def take_reserved(self, size: int) -> tuple[dict[str, Any] | None, int]:
        """A blob of a size that the store gave in advance, and the size of the one to ask for along with this value.

        Who puts two values of one size is likely to put a third. Blobs of other sizes are given up.
        """
        taken, left = None, []
        with self._reserve_lock:
            for payload in self._reserved:
                if payload["data_size"] != size:
                    self._unwanted.append(payload["object_id"])
                elif taken is None:
                    taken = payload
                else:
                    left.append(payload)
            self._reserved = left
            is_repeated = size == self._last_size and size <= _MOST_RESERVED and not left
            self._last_size = size
        return taken, size if is_repeated else 0

    def keep_reserved(self, payload: dict[str, Any]) -> None:
        """Keep a blob that the store gave in advance, until a value of its size comes."""
        with self._reserve_lock:
            self._reserved.append(payload)

    def forget_reserved(self) -> None:
        """Forget blobs that the store gave in advance: they are about to be deleted."""
        with self._reserve_lock:
            self._reserved = []

    def may_have(self, address: int | None) -> bool:
        """Whether bytes at an address could be those of a blob that is looked at."""
        return address in self._addresses

    def blob_at(self, address: int, size: int) -> int | None:
        """Blob that is looked at and whose bytes begin at an address."""
        blob = self._addresses.get(address)
        root = None if blob is None else self._alive(blob)
        return blob if root is not None and root.nbytes == size else None

    def _gone(self, reference: RootReference) -> None:
        """Run by the garbage collector, in any thread and in the middle of anything."""
        if self._roots.get(reference.blob) is reference:
            del self._roots[reference.blob]
            self._addresses.pop(reference.address, None)
            self._dropped.append(reference.blob)
            self._dropped_bytes += reference.size
        if self._dropped_bytes > _DEFERRED_BYTES or len(self._dropped) > _MOST_UNREAD:
            self._release()
        elif not self.is_open or self.is_retired:
            self._close_when_unused()

    def _written_gone(self, reference: Any) -> None:
        self._written.pop(id(reference), None)
        if not self.is_open or self.is_retired:
            self._close_when_unused()

    def _release(self) -> None:
        """Tell the store which blobs nobody looks at; whoever has the lock now does it afterwards."""
        if not self.is_open or self.is_retired:
            self._close_when_unused()
            return
        while self._dropped and self.lock.acquire(blocking=False):
            try:
                self._release_locked()
            except BaseException:
                self.is_open = False
            finally:
                self.lock.release()
            if not self.is_open:
                self._close_when_unused()
                return

    def _take_releases(self) -> list[bytes]:
        """Requests that end claims on blobs that nobody looks at any more."""
        self._dropped_bytes = 0
        blobs: list[int] = []
        while self._dropped and len(blobs) < _MOST_UNREAD:
            blob = self._dropped.popleft()
            if blob not in self._roots:
                blobs.append(int(blob))
        if len(blobs) > 1 and "release_blobs_request" in self.extensions:
            bodies = [f'{{"type":"release_blobs_request","ids":[{",".join(map(str, blobs))}]}}'.encode()]
        else:
            bodies = [_RELEASE.format(blob).encode() for blob in blobs]
        while self._unwanted:
            bodies.append(f'{{"type":"drop_buffer_request","id":{self._unwanted.popleft()}}}'.encode())
        return bodies

    def _release_locked(self) -> None:
        bodies = self._take_releases()
        if self._unread + len(bodies) > _MOST_UNREAD:
            self._skip_unread()
        if bodies:
            self._channel.send(bodies)
            self._unread += len(bodies)

    def _skip_unread(self) -> None:
        """Read the answers to releases; what a store refuses of them does not matter."""
        while self._unread:
            self._channel.receive()
            self._unread -= 1

    # The end

    def close(self) -> None:
        """End the connection; its socket stays until the last view is gone."""
        self.is_open = False
        self._close_when_unused()

    def _close_when_unused(self) -> None:
        if not self._roots and not self._written:
            self._channel.close()

    @property
    def has_views(self) -> bool:
        """Whether blobs are looked at."""
        return bool(self._roots)

    @property
    def is_unused(self) -> bool:
        """Whether no view is alive."""
        return not self._roots and not self._written

    def before_fork_ends(self, in_child: bool) -> None:
        """After a fork, in both processes: views stay valid in both, so neither releases what both may look at."""
        if in_child:
            self.lock, self._reserve_lock = threading.Lock(), threading.Lock()
            self.is_retired = self._is_inherited = True
            self._close_when_unused()
        elif not self.is_unused:
            self.is_retired = True


def _batches(bodies: list[bytes]) -> list[list[bytes]]:
    """Requests that can be written together before an answer is read."""
    if len(bodies) == 1 or (len(bodies) <= _MOST_UNREAD and sum(map(len, bodies)) <= _LONG_REQUEST):
        return [bodies]
    batches: list[list[bytes]] = [[]]
    size = 0
    for body in bodies:
        if batches[-1] and (len(batches[-1]) == _MOST_UNREAD or size + len(body) > _LONG_REQUEST):
            batches.append([])
            size = 0
        batches[-1].append(body)
        size += len(body)
    return batches


def _connected(address: str | tuple[str, int]) -> socket.socket:
    try:
        if isinstance(address, str):
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connected.connect(address)
            except BaseException:
                connected.close()
                raise
            return connected
        connected = socket.create_connection(address, timeout=10)
        connected.settimeout(None)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    except OSError as error:
        what = address if isinstance(address, str) else "{}:{}".format(*address)
        raise ConnectionFailedException(
            f"no store answers at {what} ({error.strerror or error}); is it running?"
        ) from None


def _after_fork(in_child: bool) -> None:
    for connection in list(_connections):
        connection.before_fork_ends(in_child)


os.register_at_fork(
    after_in_parent=lambda: _after_fork(in_child=False),
    after_in_child=lambda: _after_fork(in_child=True),
)

__all__ = ["Connection", "Reply", "Request", "VineyardException", "encode"]
