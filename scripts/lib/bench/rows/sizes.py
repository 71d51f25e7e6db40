"""The object sizes of the tables, in bytes."""

from __future__ import annotations

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BUDGET_SIZE = 512 * MIB
ALL = (KIB, 32 * KIB, MIB, 32 * MIB, BUDGET_SIZE, GIB)
QUICK = (KIB, MIB, BUDGET_SIZE)


def chosen(quick: bool) -> tuple[int, ...]:
    """Sizes to measure."""
    return QUICK if quick else ALL


def text(size: int) -> str:
    """`512 MiB`."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"
