"""JSON in text fields, byte for byte as the original writes it."""

from __future__ import annotations

import json
from typing import Any

from vineyard.wire.metadata import plain


def to_json(value: Any) -> str:
    """Text of a value; numbers of NumPy become plain ones.

    Raises:
        TypeError: JSON has no such value.
    """
    return _encode(value)


def _default(value: Any) -> Any:
    converted = plain(value)
    if converted is value:
        raise TypeError(f"JSON has no {type(value).__name__}")
    return converted


_encode = json.JSONEncoder(default=_default).encode
from_json = json.loads
