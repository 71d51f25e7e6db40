"""Reading what `vineyardctl check` printed."""

from __future__ import annotations

import json
from typing import Any

SIGNS = {"passed": "✔", "warning": "⚠", "failed": "✗"}


def findings(run: Any, group: str | None = None) -> list[tuple[str, str]]:
    """`(sign, text)` of each finding of `-o json`, of one group or of all."""
    return [
        (SIGNS[finding["outcome"]], finding["text"])
        for finding in json.loads(run.output)
        if group in (None, finding["group"])
    ]


def hint(run: Any, text: str) -> str:
    """The hint of the one finding with this text."""
    found = [finding for finding in json.loads(run.output) if finding["text"] == text]
    assert len(found) == 1, run.output
    return found[0]["hint"]
