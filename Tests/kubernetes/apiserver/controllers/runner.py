"""Runs the controllers of a cluster."""

from __future__ import annotations

import asyncio

from ..cluster import Cluster


async def run_controllers(cluster: Cluster) -> None:
    """Run until cancelled."""
    await asyncio.Event().wait()
