"""Drivers: methods that values get when they are read."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any, Callable

Methods = "dict[str, Callable[..., Any]]"


class DriverContext:
    """Methods by the beginning of type names; those of the longest that fits are taken."""

    def __init__(self) -> None:
        self._factory: dict[str, dict[str, Callable[..., Any]]] = {}

    def register(self, typename_prefix: str, meth: str, func: Callable[..., Any]) -> None:
        """Give values of a type a method."""
        self._factory.setdefault(typename_prefix, {})[meth] = func

    def resolve(self, obj: Any, typename: str) -> Any:
        """Set the methods on a value, where it takes attributes."""
        fitting = [prefix for prefix in self._factory if typename.startswith(prefix)]
        if fitting:
            with contextlib.suppress(AttributeError):
                for name, function in self._factory[max(fitting, key=len)].items():
                    setattr(obj, name, functools.partial(function, obj))
        return obj

    __call__ = resolve

    def extend(self, drivers: dict[str, dict[str, Callable[..., Any]]] | None = None) -> DriverContext:
        """A context with all of this one's methods, and more."""
        extended = DriverContext()
        for source in (self._factory, drivers or {}):
            for prefix, methods in source.items():
                extended._factory.setdefault(prefix, {}).update(methods)
        return extended

    def __bool__(self) -> bool:
        return bool(self._factory)

    def __str__(self) -> str:
        return str(self._factory)


default_driver_context = DriverContext()
_current = threading.local()


def get_current_drivers() -> DriverContext:
    """The context of this thread."""
    return getattr(_current, "context", default_driver_context)


@contextlib.contextmanager
def driver_context(
    drivers: dict[str, dict[str, Callable[..., Any]]] | None = None, base: DriverContext | None = None
) -> Iterator[DriverContext]:
    """A context for the length of a block: what is registered in it is forgotten afterwards."""
    before = get_current_drivers()
    _current.context = (base or before).extend(drivers)
    try:
        yield _current.context
    finally:
        _current.context = before


def registerize(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a method `register` that collects implementations, in a list or by keys."""

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    state: Any = wrapped
    state._factory = None

    def register(*path: Any) -> None:
        *keys, implementation = path
        empty: Any = {} if keys else []
        if state._factory is None:
            state._factory = empty
        if type(state._factory) is not type(empty):
            raise RuntimeError("Invalid arguments: inconsistent with existing registerations")
        place = state._factory
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        (place.setdefault(keys[-1], []) if keys else place).append(implementation)

    state.register = register
    return wrapped
