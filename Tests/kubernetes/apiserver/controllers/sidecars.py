"""What the sidecars of CSI drivers do while they run: they elect leaders by Leases, which nobody takes away."""

from __future__ import annotations

from typing import Any

from ..clock import micro_now
from ..cluster import Cluster
from ..errors import ApiError
from . import actions

_PREFIXES = {
    "csi-provisioner": "",
    "csi-resizer": "external-resizer-",
    "csi-snapshotter": "external-snapshotter-leader-",
}


async def lead(cluster: Cluster, pod: dict[str, Any], driver: str = "csi-vineyard-v6d-io") -> None:
    """Make the Leases of a pod's sidecars that are not there yet."""
    meta = pod["metadata"]
    for container in pod["spec"]["containers"]:
        prefix = _PREFIXES.get(container["name"])
        if prefix is None or "--leader-election" not in (container.get("args") or ()):
            continue
        name = f"{prefix}{driver}"
        if actions.get(cluster, "Lease", meta["namespace"], name) is not None:
            continue
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": meta["namespace"]},
            "spec": {"holderIdentity": meta["name"], "leaseDurationSeconds": 15, "renewTime": micro_now()},
        }
        try:
            await actions.make(cluster, container["name"], lease)
        except ApiError as error:
            if error.code not in (403, 404, 409):
                raise
