"""Clients, and the contexts that say how values are stored and read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

from vineyard.core.builder import BuilderContext, builder_context, default_builder_context
from vineyard.core.client import Client, connect
from vineyard.core.driver import DriverContext, default_driver_context, driver_context
from vineyard.core.ipc import IPCClient
from vineyard.core.resolver import ResolverContext, default_resolver_context, resolver_context
from vineyard.core.rpc import RPCClient

__all__ = [
    "BuilderContext",
    "Client",
    "DriverContext",
    "IPCClient",
    "RPCClient",
    "ResolverContext",
    "builder_context",
    "connect",
    "context",
    "default_builder_context",
    "default_driver_context",
    "default_resolver_context",
    "driver_context",
    "resolver_context",
]


@contextlib.contextmanager
def context(
    builders: dict[type, Callable[..., Any]] | None = None,
    resolvers: dict[str, Callable[..., Any]] | None = None,
    base_builder: BuilderContext | None = None,
    base_resolver: ResolverContext | None = None,
) -> Iterator[tuple[BuilderContext, ResolverContext]]:
    """Contexts of builders and resolvers for the length of a block."""
    with builder_context(builders, base_builder) as builder, resolver_context(resolvers, base_resolver) as resolver:
        yield builder, resolver
