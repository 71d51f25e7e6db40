"""Builders: how values of each Python type are stored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable

from vineyard.core.base import publication
from vineyard.core.draft import Draft, Member, Part
from vineyard.core.signatures import Signatures
from vineyard.wire.identifiers import ObjectID
from vineyard.wire.metadata import ObjectMeta
from vineyard.wire.objects import Object

if TYPE_CHECKING:
    from vineyard.core.base import ClientBase

Builder = Callable[..., Any]
_signatures = Signatures("builder")


class Planner:
    """A builder of this package: it says what a value needs, so that all of it is stored together."""

    def __init__(self, plan: Callable[[Any, Planning], Draft | Part]) -> None:
        self._plan = plan

    def plan(self, value: Any, planning: Planning) -> Draft | Part:
        """What storing a value takes."""
        return self._plan(value, planning)

    def __call__(self, client: ClientBase, value: Any, builder: BuilderContext | None = None, **kw: Any) -> Any:
        return self.store(client, value, builder or get_current_builders(), kw)

    def store(
        self,
        client: ClientBase,
        value: Any,
        context: BuilderContext,
        options: dict[str, Any],
        persist: bool = False,
        name: str | None = None,
    ) -> Any:
        """Store a value, and persist and name it; returns its metadata, or its blob."""
        planned = self._plan(value, Planning(client, context, options))
        if isinstance(planned, Draft):
            return client.store(planned, persist, name)
        blob = client.store_blob(planned)  # type: ignore[attr-defined]
        if persist:
            client._exchange(publication(int(blob.id), name))
        return blob


class Planning:
    """What a planner needs to plan the values in a value."""

    __slots__ = ("client", "context", "options")

    def __init__(self, client: ClientBase, context: BuilderContext, options: dict[str, Any]) -> None:
        self.client = client
        self.context = context
        self.options = options

    def member(self, value: Any, **options: Any) -> Member:
        """Plan a value that becomes part of another; builders of users store it at once."""
        if isinstance(value, (ObjectMeta, Object)):
            return value.meta
        if isinstance(value, ObjectID):
            return self.client.get_meta(value)
        builder = self.context.builder_of(type(value))
        if isinstance(builder, Planner):
            return builder.plan(value, self if not options else Planning(self.client, self.context, options))
        stored = self.context.run(self.client, value, **options)
        if isinstance(stored, ObjectID):
            return self.client.get_meta(stored)
        return stored.meta  # type: ignore[no-any-return]


class BuilderContext:
    """Builders by Python type; that of the nearest base class is taken."""

    def __init__(self, parent_context: BuilderContext | None = None) -> None:
        self._factory: dict[type, Builder] = {}
        self._found: dict[type, Builder] = {}
        self._parent_context = parent_context or self

    @property
    def parent_context(self) -> BuilderContext:
        """The context that this one extends."""
        return self._parent_context

    def register(self, type_id: type, builder: Builder) -> None:
        """Store values of a type with `builder(client, value, **options)`."""
        self._factory[type_id] = builder
        _forget_found()

    def builder_of(self, kind: type) -> Builder:
        """The builder for values of a type."""
        found: Builder | None = self._found.get(kind)
        if found is None:
            found = self._look_up(kind)
            self._found[kind] = found
        return found

    def _look_up(self, kind: type) -> Builder:
        from vineyard.data.registry import builtin_builder

        for base in kind.__mro__:
            registered: Builder | None = self._factory.get(base)
            if registered is not None:
                return registered
            builtin: Builder | None = builtin_builder(base)
            if builtin is not None:
                return builtin
        raise RuntimeError("Unknown type to build as vineyard object")

    def run(self, client: Any, value: Any, **kw: Any) -> Any:
        """Store a value; returns its metadata, or what the builder of a user returns."""
        builder = self.builder_of(type(value))
        if isinstance(builder, Planner) or _signatures.of(builder)[0]:
            kw["builder"] = self
        return builder(client, value, **kw)

    __call__ = run

    def extend(self, builders: dict[type, Builder] | None = None) -> BuilderContext:
        """A context with all of this one's builders, and more."""
        extended = BuilderContext(self)
        extended._factory = {**self._factory, **(builders or {})}
        _contexts.append(extended)
        return extended

    def __str__(self) -> str:
        return str(self._factory)


_contexts: list[BuilderContext] = []
default_builder_context = BuilderContext()
_contexts.append(default_builder_context)
_current = threading.local()


def _forget_found() -> None:
    for context in _contexts:
        context._found.clear()


def get_current_builders() -> BuilderContext:
    """The context of this thread."""
    return getattr(_current, "context", default_builder_context)


@contextlib.contextmanager
def builder_context(
    builders: dict[type, Builder] | None = None, base: BuilderContext | None = None
) -> Iterator[BuilderContext]:
    """A context for the length of a block: what is registered in it is forgotten afterwards."""
    before = get_current_builders()
    _current.context = (base or before).extend(builders)
    try:
        yield _current.context
    finally:
        _contexts.remove(_current.context)
        _current.context = before


def put(
    client: Any, value: Any, builder: Builder | None = None, persist: bool = False, name: str | None = None, **kw: Any
) -> Any:
    """Store a value, and name it."""
    if builder is not None and not isinstance(builder, BuilderContext):
        return builder(client, value, **kw)
    if name is not None and not persist:
        import warnings

        warnings.warn("The object is not persisted, the name won't be associated.", UserWarning, stacklevel=3)
    context = builder or get_current_builders()
    planner = context.builder_of(type(value))
    if isinstance(planner, Planner):
        return planner.store(client, value, context, kw, persist, name).id
    stored = context.run(client, value, **kw)
    identifier = stored.meta.id if isinstance(stored, (ObjectMeta, Object)) else stored
    if persist and isinstance(identifier, ObjectID):
        client._exchange(publication(int(identifier), name))
    return identifier
