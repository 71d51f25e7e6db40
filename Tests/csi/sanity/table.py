"""The table that the rooms of this package fill."""

from collections.abc import Callable
from dataclasses import dataclass

CONTROLLER = "Controller Service [Controller Server]"
NODE = "Node Service"


@dataclass(frozen=True)
class Spec:
    """One specification. `check` gets a node with a fresh driver and a fresh store."""

    name: str
    needs: str
    """The capability without which it doesn't apply; empty for none."""
    check: Callable


SPECS = []


def spec(group, title, needs=""):
    """Enters a function as the check of a specification."""

    def enter(check):
        SPECS.append(Spec(f"{group} {title}", needs, check))
        return check

    return enter


def refusal(group, title, code, method, /, needs="", **fields):
    """Enters a specification that a single call must fail."""

    def check(node):
        assert node.driver.refused(method, **fields).code == code

    SPECS.append(Spec(f"{group} {title}", needs, check))


def unwanted(group, needs, *titles):
    """Enters specifications of what this driver doesn't offer, on purpose."""

    def check(node):
        raise AssertionError(f"{needs} is advertised and has no check")

    for title in titles:
        SPECS.append(Spec(f"{group} {title}", needs, check))
