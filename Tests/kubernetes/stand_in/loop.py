"""Threads that follow objects of a cluster."""

from __future__ import annotations

import http.client
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from apiserver.client import Client

Obj = dict[str, Any]
_WATCH_SECONDS = 2
_PAUSE_SECONDS = 0.1


class Follower(threading.Thread):
    """Calls `handle` with each object of a collection and again whenever it changes; with None when one goes."""

    def __init__(self, client: Client, path: str, handle: Callable[[Obj | None], None], **query: str) -> None:
        super().__init__(name=f"follows {path}", daemon=True)
        self._client = client
        self._path = path
        self._handle = handle
        self._query = query
        self._ends = threading.Event()

    def end(self) -> None:
        """Ask it to end, which takes as long as a watch does."""
        self._ends.set()

    def run(self) -> None:
        while not self._ends.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                self._ends.wait(_PAUSE_SECONDS)
            except Exception:
                traceback.print_exc(file=sys.stderr)
                self._ends.wait(_PAUSE_SECONDS)
        self._client.close()

    def _follow(self) -> None:
        reply = self._client.get(self._path, **self._query)
        if reply.status != 200:
            self._ends.wait(_PAUSE_SECONDS)
            return
        for item in reply.json["items"]:
            self._handle(item)
        version = reply.json["metadata"]["resourceVersion"]
        query = {**self._query, "resourceVersion": version, "timeoutSeconds": _WATCH_SECONDS}
        for event in self._client.watch(self._path, **query):
            if event["type"] == "ERROR" or self._ends.is_set():
                return
            self._handle(None if event["type"] == "DELETED" else event["object"])


class Worker(threading.Thread):
    """Calls `work` soon after each `wake`, and every now and then."""

    def __init__(self, name: str, work: Callable[[], None], seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._seconds = seconds
        self._due = threading.Event()
        self._ends = False

    def wake(self, _: Obj | None = None) -> None:
        self._due.set()

    def end(self) -> None:
        self._ends = True
        self._due.set()

    def run(self) -> None:
        while not self._ends:
            try:
                self._work()
            except (OSError, http.client.HTTPException):
                # The server is away, and asked again soon.
                time.sleep(_PAUSE_SECONDS)
                self._due.set()
            except Exception:
                traceback.print_exc(file=sys.stderr)
            self._due.wait(self._seconds)
            self._due.clear()
