"""Frames of polars, which are tables of Arrow."""

from __future__ import annotations

from typing import Any

import polars

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft
from vineyard.data.arrow import plan_table


def plan_frame(frame: Any, planning: Planning) -> Draft:
    """A frame; the original reads it when it knows the types of all columns."""
    return plan_table(frame.to_arrow(compat_level=_OLDEST), from_polars=True)


_OLDEST = polars.CompatLevel.oldest()
_FRAME = Planner(plan_frame)


def builder_of(kind: type) -> Planner | None:
    """Builder of frames."""
    return _FRAME if kind is polars.DataFrame else None
