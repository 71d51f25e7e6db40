"""Jobs: pods until enough of them succeeded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..clock import now, seconds_since
from ..cluster import Cluster
from ..storage.versions import Event
from . import actions
from .pod_state import is_active, is_ready, phase
from .replica_sets import make_pod, owners

_NAME = "job-controller"
_MANAGER = "kube-controller-manager"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "batch/jobs":
        yield event.key
    elif event.prefix == "/pods":
        yield from owners(event, "Job")


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Start pods that are missing; tell when the Job is over."""
    obj = actions.get(cluster, "Job", *key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return None
    spec, before = obj["spec"], obj.get("status") or {}
    over = [entry for entry in before.get("conditions", ()) if entry["type"] in ("Complete", "Failed")]
    if over:
        return await _expire(cluster, obj, over[0])
    if spec.get("suspend"):
        return None
    pods = actions.dependents(cluster, "Pod", obj)
    succeeded = sum(phase(pod) == "Succeeded" for pod in pods)
    failed = sum(phase(pod) == "Failed" for pod in pods)
    active = [pod for pod in pods if is_active(pod)]
    wanted = min(spec["parallelism"], spec.get("completions", spec["parallelism"]) - succeeded)
    if failed > spec["backoffLimit"]:
        for pod in active:
            await actions.remove(cluster, pod)
        active = []
    else:
        for _ in range(wanted - len(active)):
            active.append(await make_pod(cluster, _NAME, obj, spec["template"]))
    await _tell(cluster, obj, active, succeeded, failed)
    return None


async def _tell(cluster: Cluster, obj: actions.Obj, active: list[actions.Obj], succeeded: int, failed: int) -> None:
    spec, before = obj["spec"], obj.get("status") or {}
    status: dict[str, Any] = {
        "startTime": before.get("startTime", now()),
        "ready": sum(map(is_ready, active)),
        "terminating": 0,
    }
    counts = {"active": len(active), "succeeded": succeeded, "failed": failed}
    status |= {name: count for name, count in counts.items() if count}
    if failed > spec["backoffLimit"]:
        text = "Job has reached the specified backoff limit"
        status["conditions"] = [
            actions.condition("Failed", True, "BackoffLimitExceeded", text) | {"lastProbeTime": now()}
        ]
        await actions.tell(cluster, _NAME, obj, "BackoffLimitExceeded", text, "Warning")
    elif succeeded >= spec.get("completions", 1):
        status["completionTime"] = now()
        done = actions.condition("Complete", True, "CompletionsReached", "Reached expected number of succeeded pods")
        status["conditions"] = [done | {"lastProbeTime": now()}]
        await actions.tell(cluster, _NAME, obj, "Completed", "Job completed")
    actions.set_status(cluster, _MANAGER, obj, status)


async def _expire(cluster: Cluster, obj: actions.Obj, end: actions.Obj) -> float | None:
    """Delete a finished Job after its time to live."""
    limit = obj["spec"].get("ttlSecondsAfterFinished")
    if limit is None:
        return None
    left = limit - seconds_since(end["lastTransitionTime"])
    if left > 0:
        return left
    await actions.remove(cluster, obj)
    return None
