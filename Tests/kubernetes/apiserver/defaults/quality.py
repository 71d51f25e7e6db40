"""The quality-of-service class of a pod."""

from __future__ import annotations

from typing import Any

_COUNTED = ("cpu", "memory")


def quality(spec: dict[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort, by the requests and limits of a pod's containers."""
    parts = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(part.get("requests") or part.get("limits") for part in parts):
        return "BestEffort"
    full = all(_is_full(part) for part in parts)
    return "Guaranteed" if full else "Burstable"


def _is_full(resources: dict[str, Any]) -> bool:
    limits = resources.get("limits") or {}
    requests = resources.get("requests") or limits
    return all(name in limits and requests.get(name) == limits[name] for name in _COUNTED)
