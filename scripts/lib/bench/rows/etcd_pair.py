"""A genuine etcd of the tests, and daemons that share it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.bench import Bench
from bench.daemon import Daemon, Side
from bench.options import ROOT


@contextmanager
def fresh_etcd() -> Iterator[Any]:
    """A running etcd without data."""
    sys.path.insert(0, str(ROOT / "Tests/client"))
    from etcd import Etcd  # the tests' own

    etcd = Etcd()
    try:
        etcd.start()
        yield etcd
    finally:
        etcd.discard()


def sharing(bench: Bench, side: Side, etcd: Any, size: str = "4G", **arguments: Any) -> Any:
    """A ready daemon that keeps its metadata in etcd, for the length of a block."""
    return bench.daemon(side, **settings(bench, side, etcd, size), **arguments)


def start(bench: Bench, side: Side, etcd: Any, size: str = "1G") -> Daemon:
    """The same, not waited for."""
    return Daemon(side, bench.resources, **settings(bench, side, etcd, size))


def settings(bench: Bench, side: Side, etcd: Any, size: str) -> dict[str, Any]:
    """What makes a daemon share."""
    flags = etcd.flags("bench")
    if side is bench.reference:
        flags.append("--compression=false")
    return {"extra": flags, "size": size, "rpc": True, "environment": {"MY_HOST_NAME": "127.0.0.1"}}
