"""The state of one double: what its parts share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from .access.denials import Denial
from .access.users import Credentials
from .control.faults import Fault
from .control.injections import Injections
from .control.records import Journal
from .controllers.told import Told
from .registry import Registry
from .schema.builtin import schemas_of
from .storage.store import Store


@dataclass
class Settings:
    """What the command line chose, and the control endpoint may change."""

    kubernetes_version: str = "1.31"
    validate: bool = True
    controllers: bool = True
    nodes: int = 3
    node_memory: str = "16Gi"
    node_cpu: str = "4"
    pod_delay: float = 0.03
    """Seconds a pod takes for each step: creating, running, ready, terminating."""
    crd_delay: float = 0.05
    event_ttl: float = 3600
    """Seconds that an Event stays after it was last written."""
    operator: str = ""
    pod_network: str = "10.244"
    """The first half of the addresses of pods; in 127.0.0.0/8 they are on this machine."""


@dataclass
class Cluster:
    """Objects, kinds, people and everything a test may set."""

    settings: Settings
    credentials: Credentials
    store: Store = field(default_factory=Store)
    denials: list[Denial] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    injections: Injections = field(default_factory=Injections)
    requests: Journal = field(default_factory=Journal)
    told: Told = field(default_factory=Told)
    images: list[dict[str, Any]] = field(default_factory=list)
    """Behaviours by image: pattern, behaviour, message."""
    logs: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Log text by namespace, pod and container; an empty container stands for any."""
    forwards: dict[tuple[str, str, int], tuple[str, int]] = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)
    """URLs really called, by webhook name."""
    connections: set[asyncio.Event] = field(default_factory=set)
    """One per open watch; set to drop it."""
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.use_version(self.settings.kubernetes_version)

    def use_version(self, version: str) -> None:
        """Serve another Kubernetes version. Raises `LookupError` without schemas of it."""
        self.registry = Registry(schemas_of(version))
        self.settings.kubernetes_version = version
