"""What a pod's status says."""

from __future__ import annotations

from typing import Any


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod's Ready condition holds."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def is_active(pod: dict[str, Any]) -> bool:
    """Whether the pod is neither over nor being deleted."""
    return "deletionTimestamp" not in pod["metadata"] and phase(pod) not in ("Succeeded", "Failed")


def phase(pod: dict[str, Any]) -> str:
    return pod.get("status", {}).get("phase", "Pending")
