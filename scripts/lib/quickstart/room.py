"""Checks before anything runs that memory and disk suffice."""

from collections.abc import Callable

from .pipeline import table_bytes
from .progress import QuickstartError
from .store import size_for

INTERPRETER_BYTES = 300 << 20  # Python with pandas and scikit-learn, before any data
STAGE_TABLES = 2.2  # peak of preprocess, in tables; measured 2.0: while it splits, before it writes
TRAIN_TABLES = 2.6  # peak of train with the parts in the store: the model works on two copies of 0.75 tables
WARM_SHARE = 0.25  # of the store that has pages before anything is written
DISK_TABLES = 2.1  # the table and its parts


def memory_needed(multiplier: int, nodes: int = 1) -> int:
    """Return the bytes the largest stage and the stores take together.

    While preprocess writes into the store it has given back the table, so its peak is before that. Several stores hold
    the parts, and copies of them where they are read.
    """
    table = table_bytes(multiplier)
    one = max(STAGE_TABLES * table + WARM_SHARE * size_for(table), TRAIN_TABLES * table)
    several = (STAGE_TABLES + 2) * table + WARM_SHARE * size_for(table) * nodes
    return int(one if nodes == 1 else several) + INTERPRETER_BYTES


def disk_needed(multiplier: int) -> int:
    """Return the bytes of all files that exist at one time."""
    return int(table_bytes(multiplier) * DISK_TABLES) + (64 << 20)


def default_multiplier(wanted: int, memory: int, disk: int, nodes: int = 1) -> int:
    """Return the wanted multiplier, or the largest one below it that memory and disk suffice for (all in bytes)."""
    return max(1, min(wanted, largest(memory, disk, nodes)))


def largest(memory: int, disk: int, nodes: int = 1) -> int:
    """Return the largest multiplier that memory and disk suffice for (all in bytes), 0 if none does."""
    return _largest(lambda candidate: memory_needed(candidate, nodes) <= memory and disk_needed(candidate) <= disk)


def check(multiplier: int, memory: int, disk: int, nodes: int = 1) -> None:
    """Raise QuickstartError, naming a multiplier that fits, unless both suffice (all in bytes)."""
    for what, needed, free in (
        ("memory", memory_needed(multiplier, nodes), memory),
        ("disk space", disk_needed(multiplier), disk),
    ):
        if needed > free:
            fits = largest(memory, disk, nodes)
            raise QuickstartError(
                f"--data-multiplier {multiplier} needs {needed / 1e9:.1f} GB of {what}, {free / 1e9:.1f} GB is free",
                f"--data-multiplier {fits} fits" if fits else "even the smallest does not fit",
            )


def _largest(fits: Callable[[int], bool]) -> int:
    """Return the largest multiplier that fits, 0 if none does."""
    low, high = 0, 1
    while fits(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
