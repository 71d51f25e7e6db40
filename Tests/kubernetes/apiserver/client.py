"""A plain HTTPS client of the double for tests: requests as they are, and the control endpoint."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlparse

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
# Servers close connections that nobody uses.
_IDLE_SECONDS = 20


@dataclass(frozen=True)
class Reply:
    """The answer to one request."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def warnings(self) -> list[str]:
        """The texts of the Warning headers."""
        return [text.split('"', 1)[1][:-1].replace('\\"', '"') for text in self.headers.get_all("Warning") or ()]


class Client:
    """Sends requests to a double, as its administrator unless told otherwise."""

    def __init__(self, server: str, directory: Path, token: str | None = None) -> None:
        self._address = urlparse(server).netloc
        self._context = ssl.create_default_context(cafile=str(directory / "ca.crt"))
        self._token = token
        if token is None:
            self._context.load_cert_chain(directory / "client.crt", directory / "client.key")
        self._connection: http.client.HTTPSConnection | None = None
        self._used = 0.0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        """Send a request; a body that isn't text is sent as JSON. Raises `OSError` for a broken connection."""
        if query:
            path += "?" + urlencode(query, doseq=True)
        head = {"Content-Type": kind, "User-Agent": "tests/1.0", **(headers or {})}
        if self._token is not None:
            head["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        try:
            connection = self._connected()
            connection.request(method, path, data, head)
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read().decode())
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        return reply

    def _connected(self) -> http.client.HTTPSConnection:
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self.close()
        self._used = time.monotonic()
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=60)
        return self._connection

    def get(self, path: str, **query: Any) -> Reply:
        return self.send("GET", path, **query)

    def post(self, path: str, body: Any, **query: Any) -> Reply:
        return self.send("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: Any) -> Reply:
        return self.send("PUT", path, body, **query)

    def patch(self, path: str, body: Any, kind: str = MERGE, **query: Any) -> Reply:
        return self.send("PATCH", path, body, kind=kind, **query)

    def apply(self, path: str, body: Any, manager: str = "tests", **query: Any) -> Reply:
        return self.send("PATCH", path, body, kind=APPLY, fieldManager=manager, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Reply:
        return self.send("DELETE", path, body, **query)

    def watch(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The events of a watch on a connection of its own, until it ends."""
        query = {"watch": "true", "timeoutSeconds": 30} | query
        connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=60)
        head = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        connection.request("GET", f"{path}?{urlencode(query)}", headers=head)
        response = connection.getresponse()
        try:
            if response.status != 200:
                raise AssertionError(response.read().decode())
            for line in response:
                yield json.loads(line)
        finally:
            connection.close()
