"""Status of a store."""

from __future__ import annotations

from typing import Any


class InstanceStatus:
    """Use and limits of a store, or of the volume that a client is in. Sizes in bytes."""

    def __init__(self, **fields: Any) -> None:
        self.instance_id = int(fields["instance_id"])
        self.deployment = str(fields["deployment"])
        self.memory_usage = int(fields["memory_usage"])
        self.memory_limit = int(fields["memory_limit"])
        self.deferred_requests = int(fields["deferred_requests"])
        self.ipc_connections = int(fields["ipc_connections"])
        self.rpc_connections = int(fields["rpc_connections"])

    def __repr__(self) -> str:
        return "InstanceStatus:" + "".join(f"\n    {key}: {value}" for key, value in vars(self).items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{key}</th><td>{value}</td></tr>" for key, value in vars(self).items()
        )
        return f"<table>{rows}</table>"
