"""The status that a kubelet gives a pod whose containers behave as a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiserver.clock import now
from apiserver.controllers.actions import condition
from apiserver.controllers.behaviours import PULL_FAILURES, waiting

Obj = dict[str, Any]
_STARTING = {"waiting": {"reason": "ContainerCreating"}}


def starting(pod: Obj) -> Obj:
    """A pod that has arrived on its node."""
    return _status(pod, "Pending", [_container(c, _STARTING) for c in pod["spec"]["containers"]])


def later(pod: Obj, behaviour: Callable[[str], Obj]) -> Obj:
    """What the pod comes to."""
    entries = [_entry(pod, container, rule_of(pod, container, behaviour)) for container in pod["spec"]["containers"]]
    running = all("running" in entry["state"] or entry["restartCount"] for entry in entries)
    ended = [entry["state"].get("terminated") for entry in entries]
    if all(ended):
        return _status(pod, "Failed" if any(end["exitCode"] for end in ended) else "Succeeded", entries)
    return _status(pod, "Running" if running else "Pending", entries)


def rule_of(pod: Obj, container: Obj, behaviour: Callable[[str], Obj]) -> Obj:
    """How a container behaves; what keeps others from starting means nothing to one that runs."""
    rule = behaviour(container["image"])
    statuses = pod["status"].get("containerStatuses", ())
    running = any(entry["name"] == container["name"] and "running" in entry["state"] for entry in statuses)
    starts = (*PULL_FAILURES, "Pending", "CrashLoopBackOff")
    return {"behaviour": "Run"} if running and rule["behaviour"] in starts else rule


def _entry(pod: Obj, container: Obj, rule: Obj) -> Obj:
    kind = rule["behaviour"]
    if kind == "Pending":
        return _container(container, _STARTING)
    if kind in PULL_FAILURES:
        return _container(container, waiting(rule, pod, container))
    if kind == "CrashLoopBackOff":
        last = _exited(rule.get("exitCode", 1))
        return _container(
            container, waiting(rule, pod, container), lastState=last, restartCount=rule.get("restarts", 1)
        )
    if kind in ("Succeed", "Fail") or pod["spec"]["restartPolicy"] != "Always":
        return _container(container, _exited(rule.get("exitCode", 1) if kind == "Fail" else 0))
    ready = kind != "NotReady"
    return _container(container, {"running": {"startedAt": now()}}, ready=ready, started=True)


def _exited(code: int) -> Obj:
    reason = "Completed" if code == 0 else "Error"
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}}


def _container(container: Obj, state: Obj, **more: Any) -> Obj:
    entry = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False}
    return {**entry, "restartCount": 0, "started": False, "lastState": {}, "state": state, **more}


def _status(pod: Obj, phase: str, containers: list[Obj]) -> Obj:
    before = pod["status"].get("conditions", [])
    ready = all(entry["ready"] for entry in containers)
    unready = [entry["name"] for entry in containers if not entry["ready"]]
    why = () if ready else ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    conditions = [
        condition("Initialized", True, before=before),
        *(condition(kind, ready, *why, before=before) for kind in ("Ready", "ContainersReady")),
        *(entry for entry in before if entry["type"] not in ("Initialized", "Ready", "ContainersReady")),
    ]
    number = int(pod["metadata"]["uid"][:4], 16)
    address = f"10.244.{number // 256}.{number % 254 + 1}"
    status = {"phase": phase, "conditions": conditions, "containerStatuses": containers, "startTime": now()}
    if phase == "Running":
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if pod["spec"].get("initContainers"):
        done = [_container(c, _exited(0), ready=True) for c in pod["spec"]["initContainers"]]
        status["initContainerStatuses"] = done
    return status
