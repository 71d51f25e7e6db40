"""What builders and resolvers of users import from `vineyard.data.utils`."""

from __future__ import annotations

from typing import Any

import numpy as np

from vineyard.core.draft import part_of_array, part_of_bytes
from vineyard.data.json_text import from_json, to_json
from vineyard.data.pickles import part_of_pickle
from vineyard.data.tensor import _CPP_NAMES, dtype_of
from vineyard.wire.objects import Blob

__all__ = [
    "build_buffer",
    "build_numpy_buffer",
    "expand_slice",
    "from_json",
    "normalize_cpptype",
    "normalize_dtype",
    "str_to_bool",
    "to_json",
]


def build_buffer(client: Any, address: Any, size: int, *args: Any, **kwargs: Any) -> Any:
    """Store bytes, given as a buffer or as an address of this process."""
    if size == 0 or address is None:
        return Blob.empty()
    if isinstance(address, (int, np.integer)):
        import ctypes

        address = (ctypes.c_ubyte * size).from_address(int(address))
    return getattr(client, "default_client", lambda: client)().store_blob(part_of_bytes(address))


def build_numpy_buffer(client: Any, array: Any) -> Any:
    """Store the elements of an array."""
    part = part_of_pickle(array)[0] if array.dtype.hasobject else part_of_array(array)
    return getattr(client, "default_client", lambda: client)().store_blob(part)


def normalize_dtype(dtype: Any, dtype_meta: str | None = None) -> Any:
    """Dtype of a name in metadata."""
    return dtype if isinstance(dtype, np.dtype) else dtype_of(str(dtype), dtype_meta)


def normalize_cpptype(dtype: Any) -> str:
    """Name of a dtype in type names."""
    return str(_CPP_NAMES.get(dtype.name, dtype.name))


def expand_slice(indexer: Any) -> Any:
    """The numbers of a slice."""
    return range(indexer.start, indexer.stop, indexer.step or 1) if isinstance(indexer, slice) else indexer


def str_to_bool(text: Any) -> bool:
    """Whether a text means yes."""
    return text is not None and str(text).lower() in ("true", "1", "t", "y", "yes", "on")
