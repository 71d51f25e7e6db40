"""Sparse matrices of SciPy."""

from __future__ import annotations

from typing import Any

import scipy.sparse

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft
from vineyard.data.json_text import from_json, to_json
from vineyard.data.pickles import BUILDER as PICKLES

_MEMBERS = {
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
    "csc": ("data", "indices", "indptr"),
    "csr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
}
# Arrays are pickles; older versions of SciPy have them below matrices.
_ARRAYS = {getattr(scipy.sparse, f"{name}_array", None) for name in _MEMBERS}
_KINDS = {getattr(scipy.sparse, f"{name}_matrix"): name for name in _MEMBERS}


def plan_matrix(value: Any, planning: Planning) -> Draft:
    """A matrix: its arrays."""
    name = _KINDS[next(kind for kind in type(value).__mro__ if kind in _KINDS)]
    draft = Draft(
        f"vineyard::{name.upper()}Matrix<{value.dtype.name}>",
        value_type_=value.dtype.name,
        shape_=to_json(value.shape),
        ndim=value.ndim,
        nnz=int(value.nnz),
        partition_index_=to_json(planning.options.get("partition_index", [])),
        nbytes=int(value.nnz) * value.dtype.itemsize,
    )
    if name == "bsr":
        draft.tree["blocksize"] = "[{},{}]".format(*value.blocksize)
    if name in ("bsr", "csr"):
        draft.tree["has_sorted_indices"] = bool(value.has_sorted_indices)
    for key in _MEMBERS[name]:
        draft.add(key, planning.member(getattr(value, key), **planning.options))
    return draft


_BUILDER = Planner(plan_matrix)


def builder_of(kind: type) -> Planner | None:
    """Builder of exactly this type; other kinds become pickles."""
    if kind in _ARRAYS:
        return PICKLES
    return _BUILDER if kind in _KINDS else None


def _resolver(name: str) -> Any:
    def resolve(obj: Any, resolver: Any) -> Any:
        meta = obj.meta
        arrays = [resolver.run(obj.member(key)) for key in _MEMBERS[name]]
        given = (arrays[0], tuple(arrays[1:])) if name == "coo" else tuple(arrays)
        kind = getattr(scipy.sparse, f"{name}_matrix")
        return kind(given, shape=tuple(from_json(meta["shape_"])), dtype=meta["value_type_"], copy=False)

    return resolve


RESOLVERS = {f"vineyard::{name.upper()}Matrix": _resolver(name) for name in _MEMBERS}
