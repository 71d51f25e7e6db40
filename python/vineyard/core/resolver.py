"""Resolvers: how objects of each type name become Python values."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Callable

from vineyard.core.signatures import Signatures
from vineyard.wire.identifiers import ObjectID
from vineyard.wire.objects import Object

Resolver = Callable[..., Any]
_signatures = Signatures("resolver")


class ResolverContext:
    """Resolvers by the beginning of type names; the longest that fits is taken."""

    def __init__(self, parent_context: ResolverContext | None = None) -> None:
        self._factory: dict[str, Resolver] = {}
        self._parent_context = parent_context or self

    @property
    def parent_context(self) -> ResolverContext:
        """The context that this one extends."""
        return self._parent_context

    def register(self, typename_prefix: str, resolver: Resolver) -> None:
        """Make values of objects whose type name begins so with `resolver(object)`."""
        self._factory[typename_prefix] = resolver

    def resolver_of(self, typename: str) -> tuple[Resolver | None, bool]:
        """The resolver for a type name, and whether it is one of this package."""
        from vineyard.data.registry import builtin_prefix, builtin_resolver

        builtin = builtin_prefix(typename)
        if not self._factory:
            return (builtin_resolver(builtin), True) if builtin else (None, False)
        own = max((prefix for prefix in self._factory if typename.startswith(prefix)), key=len, default="")
        if own and len(own) >= len(builtin):
            return self._factory[own], False
        return (builtin_resolver(builtin), True) if builtin else (None, False)

    def run(self, obj: Any, **kw: Any) -> Any:
        """Value of an object; the object itself when nobody knows its type."""
        kw.pop("__vineyard_client", None)
        typename = obj.meta.typename
        resolver, is_builtin = self.resolver_of(typename)
        if resolver is None:
            return obj
        if is_builtin:
            value = resolver(obj, self)
        else:
            takes_resolver, takes_all = _signatures.of(resolver)
            if takes_resolver:
                kw["resolver"] = self
            value = resolver(obj, **(kw if takes_all else {"resolver": self} if takes_resolver else {}))
        if drivers := get_current_drivers():
            drivers.resolve(value, typename)
        return value

    __call__ = run

    def extend(self, resolvers: dict[str, Resolver] | None = None) -> ResolverContext:
        """A context with all of this one's resolvers, and more."""
        extended = ResolverContext(self)
        extended._factory = {**self._factory, **(resolvers or {})}
        return extended

    def __str__(self) -> str:
        return str(self._factory)

    __repr__ = __str__


default_resolver_context = ResolverContext()
_current = threading.local()


def get_current_drivers() -> Any:
    """The drivers of this thread, when any were registered."""
    import sys

    module = sys.modules.get("vineyard.core.driver")
    return module.get_current_drivers() if module is not None else None


def get_current_resolvers() -> ResolverContext:
    """The context of this thread."""
    return getattr(_current, "context", default_resolver_context)


@contextlib.contextmanager
def resolver_context(
    resolvers: dict[str, Resolver] | None = None, base: ResolverContext | None = None
) -> Iterator[ResolverContext]:
    """A context for the length of a block: what is registered in it is forgotten afterwards."""
    before = get_current_resolvers()
    _current.context = (base or before).extend(resolvers)
    try:
        yield _current.context
    finally:
        _current.context = before


def get(
    client: Any,
    object_id: Any = None,
    name: str | None = None,
    resolver: Resolver | None = None,
    fetch: bool = False,
    **kw: Any,
) -> Any:
    """Value of an object, by id or by name."""
    obj: Object
    if object_id is not None:
        obj = client.get_object(ObjectID(object_id) if isinstance(object_id, (int, str)) else object_id, fetch=fetch)
    elif name is not None:
        obj = client.get_object(client.get_name(name), fetch=True) if fetch else client._object_named(name)
    else:
        raise ValueError("get needs an id or a name")
    if resolver is None:
        resolver = get_current_resolvers()
    return resolver(obj, **kw)
