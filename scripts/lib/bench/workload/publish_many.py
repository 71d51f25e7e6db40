"""Many published objects without blobs, as fast as a store takes them."""

from __future__ import annotations

import selectors
import struct
from typing import Any

from bench.wire import WireConnection, frame
from bench.workload import serve

CONNECTIONS = 64


def work(socket: str, count: int) -> dict[str, Any]:
    """Create and persist `count` objects; the id of one of them."""
    selector = selectors.DefaultSelector()
    begun = done = 0
    for _ in range(CONNECTIONS):
        connection = WireConnection(socket)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.socket.sendall(frame(_create(begun)))
        begun += 1
    last = 0
    while done < count:
        for key, _ in selector.select():
            reply = key.data.receive()
            if reply["type"] == "create_data_reply":
                last = reply["id"]
                key.data.socket.sendall(frame({"type": "persist_request", "id": last}))
            else:
                done += 1
                if begun < count:
                    key.data.socket.sendall(frame(_create(begun)))
                    begun += 1
                elif done < count:
                    selector.unregister(key.fileobj)
    return {"id": last}


def _create(index: int) -> dict[str, Any]:
    return {
        "type": "create_data_request",
        "content": {
            "typename": "vineyard::Scalar<int64>",
            "global": False,
            "instance_id": 0,
            "nbytes": struct.calcsize("q"),
            "transient": True,
            "type_": "int64",
            "value_": index,
        },
    }


if __name__ == "__main__":
    serve(work)
