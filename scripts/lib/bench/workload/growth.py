"""Creates and deletes small blobs by the raw protocol, in batches."""

from __future__ import annotations

import time
from typing import Any

from bench.procfs import private_megabytes, resident_megabytes
from bench.wire import WireConnection, frame
from bench.workload import serve

BATCH = 200
BLOB_BYTES = 256
# The reference keeps 6 to 13 KB per deleted blob until the connection closes: a million
# on one connection could take the whole machine.
CONNECTION_BLOBS = 100_000
SETTLE_SECONDS = 5.0
SETTLE_LIMIT_SECONDS = 30.0


def work(socket: str, pid: int, blobs: int, warm_up: int) -> dict[str, Any]:
    """MB by which the daemon's memory grew after the warm-up; `closed` is without the client."""
    connection = WireConnection(socket)
    churn(connection, warm_up)
    connection.close()
    settled_megabytes(pid)
    total, private = resident_megabytes(pid), private_megabytes(pid)
    connection = WireConnection(socket)
    for done in range(0, blobs, CONNECTION_BLOBS):
        if done:
            connection.close()
            connection = WireConnection(socket)
        churn(connection, min(blobs - done, CONNECTION_BLOBS))
    report = {"resident": resident_megabytes(pid) - total, "private": private_megabytes(pid) - private}
    connection.close()
    return {**report, "closed": settled_megabytes(pid) - private}


def settled_megabytes(pid: int) -> float:
    """Private memory once it has not moved for 5 s; cleaning up after a client takes time."""
    begin = since = time.monotonic()
    last = private_megabytes(pid)
    while (now := time.monotonic()) - since < SETTLE_SECONDS and now - begin < SETTLE_LIMIT_SECONDS:
        time.sleep(0.1)
        if (value := private_megabytes(pid)) != last:
            last, since = value, time.monotonic()
    return last


def churn(connection: WireConnection, blobs: int) -> None:
    """Create, seal and delete that many blobs."""
    for _ in range(0, blobs, BATCH):
        ids = connection.call({"type": "create_buffers_request", "num": BATCH, "sizes": [BLOB_BYTES] * BATCH})["ids"]
        seals = [frame({"type": "seal_request", "object_id": blob}) for blob in ids]
        delete = frame(
            {
                "type": "del_data_request",
                "id": ids,
                "deep": True,
                "force": False,
                "memory_trim": False,
                "fastpath": False,
            }
        )
        connection.exchange(b"".join(seals) + delete, BATCH + 1)


if __name__ == "__main__":
    serve(work)
