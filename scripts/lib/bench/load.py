"""Closed-loop load on the raw protocol; takes the arguments of `wire-load`.

Stands in while `.build/release/wire-load` is not built. One request is
outstanding per connection, connections are served round-robin. Being Python it
is slower than the daemons, so its rates compare less than its CPU figures do.
"""

from __future__ import annotations

import argparse
import json
import time

from bench.wire import WireConnection, create_tensor, frame, request


def run(path: str, kind: str, connections: int, seconds: float) -> dict[str, float]:
    """Messages answered and seconds taken."""
    clients = [WireConnection(path) for _ in range(connections)]
    target, _ = create_tensor(clients[0])
    message = frame(request(kind, target))
    messages, begin = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begin) < seconds:
        for client in clients:
            client.socket.sendall(message)
        for client in clients:
            client.exchange(b"", 1)
        messages += connections
    for client in clients:
        client.close()
    return {"messages": messages, "seconds": elapsed}


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    parser.add_argument("--request", required=True, choices=["exists", "get_data"])
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    found = parser.parse_args()
    print(json.dumps(run(found.socket, found.request, found.connections, found.seconds)))


if __name__ == "__main__":
    main()
