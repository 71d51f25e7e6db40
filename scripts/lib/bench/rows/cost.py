"""Row: system calls and allocations of the daemon per message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench import strace
from bench.bench import Bench
from bench.daemon import Side
from bench.malloc_count import MallocCounter
from bench.results import Line, Results
from bench.wire import WireConnection, create_blob, create_tensor, frame, request

MESSAGES = 1000
WARM_UP = 200
SPLIT = "exists, header and body sent apart"
CYCLE = "create_buffer + seal + drop_buffer"


def measure(bench: Bench) -> Iterator[Line]:
    """One run per side: the counts hold on noisy machines."""
    results = Results("Cost per message")
    calls: dict[str, str] = {}
    for side in bench.alternate(*bench.sides, repeats=1):
        with results.guard(side.name):
            _system_calls(bench, side, results, calls)
    yield from _lines(results, "system calls", "calls", calls)

    results = Results("Cost per message")
    for side in bench.alternate(*bench.sides, repeats=1):
        with results.guard(side.name):
            _allocations(bench, side, results)
    yield from _lines(results, "allocations", "mallocs", {})


def _lines(results: Results, what: str, unit: str, notes: dict[str, str]) -> Iterator[Line]:
    for name in dict.fromkeys(name for name, _ in results.values):
        yield results.line(name, f"{what}, {name}", unit, note=notes.get(name, ""))
    if not results.values:
        yield results.line("none", what, unit)


def _messages(connection: WireConnection) -> dict[str, Callable[[], object]]:
    """What is counted, each a call that sends one message (the cycle: three)."""
    target, blob = create_tensor(connection)
    exists = frame(request("exists", target))

    def split() -> None:
        connection.socket.sendall(exists[:8])
        connection.exchange(exists[8:], 1)

    def cycle() -> None:
        connection.call({"type": "drop_buffer_request", "id": create_blob(connection, 1024)})

    return {
        "exists": lambda: connection.exchange(exists, 1),
        SPLIT: split,
        "get_data": lambda: connection.call(request("get_data", target)),
        "get_buffers": lambda: connection.call(request("get_buffers", blob)),
        CYCLE: cycle,
    }


def _repeat(send: Callable[[], object], times: int) -> None:
    for _ in range(times):
        send()


def _system_calls(bench: Bench, side: Side, results: Results, notes: dict[str, str]) -> None:
    with bench.daemon(side, size="1G") as daemon:
        connection = WireConnection(str(daemon.socket))
        for name, send in _messages(connection).items():
            _repeat(send, WARM_UP)
            calls = strace.count(bench.resources, daemon.pid, lambda: _repeat(send, MESSAGES))
            results.add(name, side.name, sum(calls.values()) / MESSAGES)
            if side is bench.ours:
                notes[name] = "ours: " + ", ".join(
                    f"{call} {number / MESSAGES:.2g}"
                    for call, number in sorted(calls.items(), key=lambda item: -item[1])
                    if number >= MESSAGES / 20
                )
        connection.close()


def _allocations(bench: Bench, side: Side, results: Results) -> None:
    counter = MallocCounter(bench.resources.new_directory("malloc"))
    with bench.daemon(side, size="1G", environment=counter.environment) as daemon:
        connection = WireConnection(str(daemon.socket))
        for name, send in _messages(connection).items():
            _repeat(send, WARM_UP)
            before = counter.allocations()
            _repeat(send, MESSAGES)
            if before:
                results.add(name, side.name, (counter.allocations() - before) / MESSAGES)
        connection.close()
