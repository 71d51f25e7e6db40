"""Output on record. With UPDATE_GOLDEN=1 the records are written anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

_DIRECTORY = Path(__file__).resolve().parent / "golden"


def matches(name: str, text: str, **replacements: str) -> None:
    """Compare with the record after replacing what differs from run to run: `name=pattern` becomes `<name>`."""
    for placeholder, pattern in replacements.items():
        text = re.sub(pattern, f"<{placeholder}>", text)
    path = _DIRECTORY / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), f"differs from {path}"
