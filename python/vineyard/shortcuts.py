"""Functions of the package itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Callable

import numpy as np

from vineyard.core.client import Client, connect
from vineyard.wire import copying


@contextlib.contextmanager
def envvars(key: str | dict[str, str], value: str | None = None, append: bool = False) -> Iterator[Any]:
    """Environment variables for the length of a block; with `append` behind what is set, after a colon."""
    items = key if isinstance(key, dict) else {} if value is None else {key: value}
    before = {name: os.environ.get(name) for name in items}
    for name, one in items.items():
        former = before[name]
        os.environ[name] = f"{former}:{one}" if append and former is not None else one
    try:
        yield os.environ
    finally:
        for name, former in before.items():
            if former is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = former


def put(value: Any, builder: Any = None, persist: bool = False, name: str | None = None, **kwargs: Any) -> Any:
    """Store a value in the store that the environment names."""
    with connect() as client:
        return client.put(value, builder, persist, name, **kwargs)


def get(object_id: Any = None, name: str | None = None, resolver: Any = None, fetch: bool = False, **kw: Any) -> Any:
    """Read a value from the store that the environment names."""
    with connect() as client:
        return client.get(object_id, name, resolver, fetch, **kw)


def memory_copy(dst: Any, src: Any, offset: int = 0) -> None:
    """Copy bytes of one buffer into another, from an offset on."""
    target, source = np.frombuffer(dst, np.uint8), np.frombuffer(src, np.uint8)
    if offset + source.size > target.size:
        raise ValueError(f"{source.size} bytes at {offset} do not fit in {target.size}")
    copying.copy(target[offset : offset + source.size], source)


class AsyncClient:
    """A client for asyncio: every method of `Client` is a coroutine that runs in a thread."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        value: Callable[..., Any] = getattr(self.client, name)
        if not callable(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            import asyncio

            return await asyncio.to_thread(value, *args, **kwargs)

        return call

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.close()


async def connect_async(*args: Any, **kwargs: Any) -> AsyncClient:
    """Connect to a store from a coroutine."""
    import asyncio

    return AsyncClient(await asyncio.to_thread(connect, *args, **kwargs))
