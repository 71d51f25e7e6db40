"""What the server warns about without refusing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TEMPLATES = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")


def warnings_of(kind: str, obj: dict[str, Any]) -> list[str]:
    """Warnings about an object that is written."""
    if kind == "Pod":
        return list(_pod(obj.get("spec") or {}, "spec"))
    if kind in _TEMPLATES:
        template = (obj.get("spec") or {}).get("template") or {}
        return list(_pod(template.get("spec") or {}, "spec.template.spec"))
    return []


def _pod(spec: dict[str, Any], field: str) -> Iterator[str]:
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        yield f"{field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    for index, container in enumerate(spec.get("containers") or ()):
        where = f"{field}.containers[{index}]"
        for place, earlier in _repeated(
            container.get("ports") or [], ("containerPort", "protocol", "hostPort", "hostIP")
        ):
            yield f"{where}.ports[{place}]: duplicate port definition with {where}.ports[{earlier}]"
        variables = container.get("env") or []
        for place, _ in _repeated(variables, ("name",)):
            yield f'{where}.env[{place}]: hides previous definition of "{variables[place]["name"]}", which may be dropped when using apply'


def _repeated(items: list[dict[str, Any]], keys: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """The places of items that an earlier item is equal to, with the earlier place."""
    seen: dict[tuple[Any, ...], int] = {}
    for index, item in enumerate(items):
        identity = tuple(item.get(key) for key in keys)
        if identity in seen:
            yield index, seen[identity]
        else:
            seen[identity] = index
