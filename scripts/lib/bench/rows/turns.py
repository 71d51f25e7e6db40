"""Row: how long one client can keep the daemon from serving all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.bench import Bench
from bench.daemon import Daemon, MeasurementError
from bench.metrics import read_metrics
from bench.results import Budget, Line, Results
from bench.wire import WireConnection, frame

LONGEST_TURN = "vineyard_loop_turn_longest_seconds"
BUDGET = Budget(50, at_least=False)
MANY = 100_000
MIB = 1 << 20


def measure(bench: Bench) -> Iterator[Line]:
    """The longest turn of our loop under the worst requests of one client; the original has no such figure."""
    results = Results("Longest turn of the loop")
    worst: dict[str, float] = {}
    for side in bench.alternate(bench.ours):
        with results.guard(side.name), bench.daemon(side, size="2G") as daemon:
            results.add("longest", side.name, _attack(daemon, worst))
    note = "longest with " + max(worst, key=lambda name: worst[name]) if worst else ""
    yield results.line("longest", "the worst requests of one client", "ms", BUDGET, note=note)


def _attack(daemon: Daemon, worst: dict[str, float]) -> float:
    """Send every attack on a connection of its own; returns the longest turn in ms."""
    longest = 0.0
    setup = WireConnection(str(daemon.socket))
    for name, messages in _attacks(setup):
        client = WireConnection(str(daemon.socket))
        for message in messages:
            client.socket.sendall(frame(message))
            # Errors are answers too; only that one comes counts.
            try:
                client.receive()
            except MeasurementError as error:
                if "answered" not in str(error):
                    raise
        client.close()
        setup.call({"type": "instance_status_request"})
        turn = _longest_turn(daemon) * 1000
        if turn > longest:
            worst[name] = turn
            longest = turn
    return longest


def _longest_turn(daemon: Daemon) -> float:
    if daemon.metrics_port is None:
        raise MeasurementError("the daemon has no metrics")
    values = read_metrics(daemon.metrics_port)
    if LONGEST_TURN not in values:
        raise MeasurementError(f"the daemon has no {LONGEST_TURN}")
    return values[LONGEST_TURN]


def _attacks(setup: WireConnection) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Names and messages, each for a new connection."""
    target = setup.call({"type": "create_data_request", "content": _object()})["id"]
    setup.call({"type": "persist_request", "id": target})
    keys = [f"k{index}" for index in range(MANY)]
    yield "label", [{"type": "label_request", "id": target, "keys": keys, "values": [""] * MANY}]
    yield (
        "shallow_copy",
        [
            {
                "type": "shallow_copy_request",
                "id": target,
                "extra": {f"k{index:06}": 1 for index in reversed(range(MANY))},
            }
        ],
    )
    nested = _object(a="x" * (5 * MIB))
    for level in range(400):
        nested = _object(id=f"o{level + 4096:x}", m=nested)
    yield "nested create_data", [{"type": "create_data_request", "content": nested}]
    setup.call({"type": "create_data_request", "content": _object(typename="a" * (MIB // 4))})
    for regex, pattern in ((False, "*" + "a" * 4000 + "b"), (True, "(" + "|".join("a" * 1600) + ")*b")):
        yield "list_data", [{"type": "list_data_request", "pattern": pattern, "regex": regex, "limit": 5}]
    yield "create_datas", [{"type": "create_datas_request", "num": MANY, "contents": [_object()] * MANY}]
    yield "create_buffers", [{"type": "create_buffers_request", "num": MANY, "sizes": [64] * MANY}]
    for index in range(20_000):
        setup.call({"type": "put_name_request", "object_id": target, "name": f"run/{index}"})
    yield "list_name", [{"type": "list_name_request", "pattern": "*", "regex": False, "limit": MANY}]
    yield "get_data", [{"type": "get_data_request", "wait": False, "id": [target] * 20 + [4660] * 10 * MANY}]
    yield (
        "del_data",
        [
            {
                "type": "del_data_request",
                "force": True,
                "deep": True,
                "fastpath": False,
                "memory_trim": False,
                "id": [target] + [4660] * 10 * MANY,
            }
        ],
    )
    yield "clear", [{"type": "clear_request"}]


def _object(**fields: Any) -> dict[str, Any]:
    return {"typename": "t", "instance_id": 0, **fields}
