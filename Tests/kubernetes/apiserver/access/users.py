"""Users, and the tokens and passwords that prove them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """Who makes a request."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    impersonator: str = ""

    @property
    def is_admin(self) -> bool:
        return "system:masters" in self.groups


CONTROLLER = User("system:serviceaccount:kube-system:controller", ("system:masters",))
"""The double's own controllers."""


@dataclass
class Token:
    """A bearer token; `expires` is in seconds of the epoch, 0 for never."""

    user: User
    expires: float = 0

    @property
    def valid(self) -> bool:
        return not self.expires or time.time() < self.expires


@dataclass
class Credentials:
    """Tokens and passwords by their text."""

    tokens: dict[str, Token] = field(default_factory=dict)
    passwords: dict[tuple[str, str], User] = field(default_factory=dict)
    accept_certificates: bool = True

    def issue(self, user: User, seconds: float = 0) -> str:
        """A new token of a user."""
        text = secrets.token_urlsafe(32)
        self.tokens[text] = Token(user, time.time() + seconds if seconds else 0)
        return text


def service_account(namespace: str, name: str, uid: str = "") -> User:
    """The user that a ServiceAccount's token stands for."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)
