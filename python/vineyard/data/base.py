"""Numbers, text, bytes and sequences."""

from __future__ import annotations

import math
from typing import Any

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, Part, part_of_bytes
from vineyard.data.pickles import plan_pickle

_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


def _scalar(typename: str, value: Any, plain: Any, options: dict[str, Any]) -> Draft:
    return Draft(typename, **options, value_=plain, type_=type(value).__name__)


def plan_integer(value: int, planning: Planning) -> Draft:
    """A whole number; those beyond 64 bits, which the original turns into 1, become pickles."""
    if not _LEAST <= value <= _MOST:
        return plan_pickle(value, planning)
    plain = value if isinstance(value, bool) else int(value)
    return _scalar("vineyard::Scalar<int>", value, plain, planning.options)


def plan_float(value: float, planning: Planning) -> Draft:
    """A floating-point number; infinity and NaN, which JSON does not have, become pickles."""
    if not math.isfinite(value):
        return plan_pickle(value, planning)
    return _scalar("vineyard::Scalar<double>", value, float(value), planning.options)


def plan_text(value: str, planning: Planning) -> Draft:
    """Text; what is not valid Unicode becomes a pickle."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return plan_pickle(value, planning)
    return _scalar("vineyard::Scalar<std::string>", value, str.__str__(value), planning.options)


def plan_bytes(value: Any, planning: Planning) -> Part:
    """Bytes, which are a blob and nothing else."""
    return part_of_bytes(memoryview(value).cast("B") if memoryview(value).contiguous else value.tobytes())


def plan_sequence(value: Any, planning: Planning) -> Draft:
    """A list or a tuple."""
    draft = Draft("vineyard::Sequence", **planning.options, size_=len(value))
    for index, item in enumerate(value):
        draft.add(f"__elements_-{index}", planning.member(item, **planning.options))
    draft.tree["__elements_-size"] = len(value)
    return draft


_BUILDERS = {
    int: Planner(plan_integer),
    float: Planner(plan_float),
    str: Planner(plan_text),
    bytes: Planner(plan_bytes),
    memoryview: Planner(plan_bytes),
    list: Planner(plan_sequence),
    tuple: Planner(plan_sequence),
}


def builder_of(kind: type) -> Planner | None:
    """Builder of exactly this type."""
    return _BUILDERS.get(kind)


def resolve_bytes(obj: Any, resolver: Any) -> memoryview:
    """The bytes of a blob."""
    return obj.buffer.toreadonly()  # type: ignore[no-any-return]


def resolve_scalar(obj: Any, resolver: Any) -> Any:
    """A number or a text."""
    tree = obj.meta.tree
    typename = tree["typename"]
    if typename == "vineyard::Scalar<std::string>":
        return tree["value_"]
    if typename == "vineyard::Scalar<int>":
        return bool(tree["value_"]) if tree.get("type_") == "bool" else int(tree["value_"])
    return float(tree["value_"])


def resolve_sequence(obj: Any, resolver: Any) -> tuple[Any, ...]:
    """A tuple, also where a list was stored: the original keeps no difference."""
    return tuple(resolver.run(obj.member(f"__elements_-{index}")) for index in range(int(obj.meta["__elements_-size"])))


class Graph:
    """A graph that another system stored; only its metadata is looked at."""

    def __init__(self, object_or_meta: Any) -> None:
        self.meta = object_or_meta.meta

    def attr(self, key: str, default: Any = None) -> Any:
        """A field of the metadata."""
        return self.meta.get(key, default)


def resolve_graph(obj: Any, resolver: Any) -> Graph:
    """A graph's metadata."""
    return Graph(obj)


RESOLVERS = {
    "vineyard::Blob": resolve_bytes,
    "vineyard::RemoteBlob": resolve_bytes,
    "vineyard::Scalar": resolve_scalar,
    "vineyard::Sequence": resolve_sequence,
    "vineyard::Graph": resolve_graph,
}
