"""How values are stored and read. Modules are imported when the first value of theirs comes along."""

from __future__ import annotations

from typing import Any


def register_builtin_types(builder_ctx: Any, resolver_ctx: Any) -> None:
    """Nothing to do: every context knows the types of this package."""
