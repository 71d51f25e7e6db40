"""Runs the controllers of a cluster."""

from __future__ import annotations

import asyncio

from ..cluster import Cluster
from . import (
    crds,
    daemon_sets,
    deployments,
    endpoints,
    expiry,
    garbage,
    jobs,
    kubelet,
    namespaces,
    operator,
    protection,
    replica_sets,
    scheduler,
    stateful_sets,
    volumes,
)
from .loop import Loop

_ALWAYS = (crds, expiry, garbage, namespaces)
"""Part of what a client takes for the API server itself."""
_CLUSTER = (
    daemon_sets,
    deployments,
    endpoints,
    jobs,
    kubelet,
    protection,
    replica_sets,
    scheduler,
    stateful_sets,
    volumes,
)


async def run_controllers(cluster: Cluster) -> None:
    """Run until cancelled."""
    chosen = [*_ALWAYS, *(_CLUSTER if cluster.settings.controllers else ())]
    if cluster.settings.operator:
        chosen.append(operator)
    async with asyncio.TaskGroup() as group:
        for module in chosen:
            group.create_task(Loop(cluster, module.keys, module.reconcile).run())
