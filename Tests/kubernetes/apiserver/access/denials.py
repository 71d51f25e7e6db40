"""Rules of a test that deny what would be allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attributes:
    """What a request wants to do, as authorization sees it."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True)
class Denial:
    """Denies requests whose every named attribute is equal; `*` is any."""

    user: str = "*"
    verb: str = "*"
    group: str = "*"
    resource: str = "*"
    namespace: str = "*"

    @property
    def name(self) -> str:
        """The description under which its strikes are counted."""
        return f"denial of {self.verb} {self.resource}.{self.group} in {self.namespace} to {self.user}"

    def denies(self, user: str, wanted: Attributes) -> bool:
        pairs = (
            (self.user, user),
            (self.verb, wanted.verb),
            (self.group, wanted.group),
            (self.resource, wanted.full_resource),
            (self.namespace, wanted.namespace),
        )
        return bool(wanted.resource) and all(rule in ("*", value) for rule, value in pairs)
