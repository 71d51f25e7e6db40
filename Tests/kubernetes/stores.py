"""Stores that say how much they hold, without holding it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

METRICS_PORT = 9601
LIMIT = 1 << 30


class Store:
    """The metrics page of a store that uses some bytes, among them those of volumes."""

    def __init__(
        self, used: int, address: str = "127.0.0.1", port: int = 0, volumes: dict[str, int] | None = None
    ) -> None:
        text = f"vineyard_memory_used_bytes {used}\nvineyard_memory_limit_bytes {LIMIT}\n"
        for volume, count in (volumes or {}).items():
            text += f'vineyard_volume_local_bytes{{volume="{volume}"}} {count}\n'
        page = text.encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *arguments: object) -> None:
                """Nothing is told."""

        self._server = ThreadingHTTPServer((address, port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stores:
    """Stores of one test, which end with it."""

    def __init__(self) -> None:
        self._all: list[Store] = []

    def start(
        self, used: int, address: str = "127.0.0.1", port: int = 0, volumes: dict[str, int] | None = None
    ) -> Store:
        self._all.append(Store(used, address, port, volumes))
        return self._all[-1]

    def stop(self) -> None:
        for store in self._all:
            store.stop()
