"""Who writes and how: the parameters every write has in common."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..access.users import CONTROLLER, User


@dataclass
class Write:
    """One write's parameters, and the warnings it gives rise to."""

    user: User
    manager: str
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool = False
    warnings: list[str] = field(default_factory=list)
    created: bool = False
    """Whether the write made the object."""


def by_controller(manager: str, account: str = "") -> Write:
    """A write of one of the double's own controllers, as the account that Kubernetes has for it."""
    user = replace(CONTROLLER, name=f"system:serviceaccount:kube-system:{account}") if account else CONTROLLER
    return Write(user, manager, field_validation="Strict")
