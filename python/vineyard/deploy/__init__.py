"""Stores on this machine, and the program `vineyardctl`."""

from __future__ import annotations

from typing import Any

__all__ = ["local", "vineyardctl"]


def __getattr__(name: str) -> Any:
    if name == "vineyardctl":
        from vineyard.deploy.ctl import vineyardctl

        return vineyardctl
    if name in ("ctl", "local"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
