"""The rows of the budgets table, in the order they are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.bench import Bench
from bench.results import Line
from bench.rows import (
    cluster,
    cost,
    footprint,
    growth,
    help_text,
    memcpy,
    publish,
    published,
    put,
    raw,
    read,
    remote,
    shared,
    small,
    turns,
)

Row = Callable[[Bench], Iterable[Line]]

ROWS: dict[str, Row] = {
    "memcpy": memcpy.measure,
    "put": put.measure,
    "read": read.measure,
    "remote": remote.measure,
    "shared": shared.measure,
    "published": published.measure,
    "small": small.measure,
    "named": small.measure_named,
    "raw": raw.measure,
    "cost": cost.measure,
    "footprint": footprint.measure,
    "growth": growth.measure,
    "turns": turns.measure,
    "help": help_text.measure,
    "cluster": cluster.measure,
    "publish": publish.measure,
}
