"""Which module stores and reads which types. Modules are imported when the first value of theirs comes along."""

from __future__ import annotations

import importlib
from typing import Any, Callable

_BASE, _TENSOR, _PICKLES = "vineyard.data.base", "vineyard.data.tensor", "vineyard.data.pickles"
_ARROW, _PANDAS, _EXTENSIONS = "vineyard.data.arrow", "vineyard.data.frames", "vineyard.data.extensions"
_SPARSE, _TORCH, _POLARS, _STREAMS = (
    "vineyard.data.sparse",
    "vineyard.data.torch",
    "vineyard.data.polars",
    "vineyard.io.types",
)

# Root of the module of a Python type, and the module here that knows its types.
_BUILDERS = {
    "builtins": _BASE,
    "numpy": _TENSOR,
    "pandas": _PANDAS,
    "pyarrow": _ARROW,
    "scipy": _SPARSE,
    "torch": _TORCH,
    "polars": _POLARS,
}

# Beginnings of type names. No new one begins with one of 0.24.2, whose resolver would misread it.
_RESOLVERS = {
    "vineyard::Blob": _BASE,
    "vineyard::RemoteBlob": _BASE,
    "vineyard::Scalar": _BASE,
    "vineyard::Array": _TENSOR,
    "vineyard::Sequence": _BASE,
    "vineyard::Tensor": _TENSOR,
    "vineyard::PickleBuffer": _PICKLES,
    "vineyard::NumericArray": _ARROW,
    "vineyard::FixedSizeBinaryArray": _ARROW,
    "vineyard::LargeBinaryArray": _ARROW,
    "vineyard::LargeStringArray": _ARROW,
    "vineyard::BaseBinaryArray": _ARROW,
    "vineyard::NullArray": _ARROW,
    "vineyard::BooleanArray": _ARROW,
    "vineyard::LargeListArray": _ARROW,
    "vineyard::SchemaProxy": _ARROW,
    "vineyard::RecordBatch": _ARROW,
    "vineyard::Table": _ARROW,
    "vineyard::Index": _PANDAS,
    "vineyard::Series": _PANDAS,
    "vineyard::DataFrame": _PANDAS,
    "vineyard::GlobalDataFrame": _PANDAS,
    "vineyard::SparseArray": _PANDAS,
    "vineyard::BSRMatrix": _SPARSE,
    "vineyard::COOMatrix": _SPARSE,
    "vineyard::CSCMatrix": _SPARSE,
    "vineyard::CSRMatrix": _SPARSE,
    "vineyard::DIAMatrix": _SPARSE,
    "vineyard::Graph": _BASE,
    "vineyard::ByteStream": _STREAMS,
    "vineyard::DataframeStream": _STREAMS,
    "vineyard::RecordBatchStream": _STREAMS,
    "vineyard::ParallelStream": _STREAMS,
    "vineyard::StreamCollection": _STREAMS,
    "vineyardctl::Tensor": _TENSOR,
    "vineyardctl::Arrow": _ARROW,
    "vineyardctl::DataFrame": _EXTENSIONS,
    "vineyardctl::Series": _EXTENSIONS,
    "vineyardctl::Index": _EXTENSIONS,
    "vineyardctl::Array": _EXTENSIONS,
    "vineyardctl::TorchTensor": _TORCH,
}

_prefixes: dict[str, str] = {}
_resolvers: dict[str, Callable[..., Any]] = {}


def builtin_builder(kind: type) -> Any:
    """Builder of this package for exactly this type, or None."""
    if kind is object:
        return importlib.import_module(_PICKLES).BUILDER
    module = _BUILDERS.get(kind.__module__.partition(".")[0])
    return importlib.import_module(module).builder_of(kind) if module else None


def builtin_prefix(typename: str) -> str:
    """Longest beginning of a type name that this package knows, or nothing."""
    found = _prefixes.get(typename)
    if found is None:
        found = max((prefix for prefix in _RESOLVERS if typename.startswith(prefix)), key=len, default="")
        if len(_prefixes) > 4096:
            _prefixes.clear()
        _prefixes[typename] = found
    return found


def builtin_resolver(prefix: str) -> Callable[..., Any]:
    """Resolver of this package for a beginning of type names: `resolver(object, context)`."""
    found = _resolvers.get(prefix)
    if found is None:
        found = _resolvers[prefix] = importlib.import_module(_RESOLVERS[prefix]).RESOLVERS[prefix]
    return found
