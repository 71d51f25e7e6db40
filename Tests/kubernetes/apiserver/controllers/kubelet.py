"""The kubelet of all nodes: containers are created, run, become ready, end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..clock import now
from ..cluster import Cluster
from ..storage.versions import Event
from . import actions, mounts, placement, sidecars
from .behaviours import PULL_FAILURES, behaviour, failed_pull, waiting
from .pod_state import phase

_NAME = "kubelet"
_RECHECK = 0.1


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "/pods" and event.current is not None and event.current.obj["spec"].get("nodeName"):
        yield event.key
    elif event.prefix == "/nodes" and event.current is not None:
        for pod in actions.list_all(cluster, "Pod"):
            if pod["spec"].get("nodeName") == event.key[1]:
                yield pod["metadata"]["namespace"], pod["metadata"]["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Take a pod one step further; returns when the next step is due."""
    pod = actions.get(cluster, "Pod", *key)
    if pod is None or not pod["spec"].get("nodeName"):
        return None
    node = actions.get(cluster, "Node", "", pod["spec"]["nodeName"])
    if node is None:
        await actions.remove(cluster, pod, gracePeriodSeconds=0)
        return None
    if not placement.is_ready(node):
        _lose(cluster, pod)
        return None
    delay = cluster.settings.pod_delay
    if "deletionTimestamp" in pod["metadata"]:
        return await _end(cluster, pod, delay)
    if phase(pod) in ("Succeeded", "Failed"):
        return None
    if "hostIP" not in pod["status"]:
        _begin(cluster, pod, node)
        return delay
    return await _advance(cluster, pod, delay)


def _lose(cluster: Cluster, pod: actions.Obj) -> None:
    """What the node lifecycle controller does to a pod whose kubelet is silent: it isn't ready, and keeps its phase."""
    before = pod["status"].get("conditions") or []
    conditions = [
        actions.condition("Ready", False, before=before) if entry["type"] == "Ready" else entry for entry in before
    ]
    actions.set_status(cluster, "node-controller", pod, {**pod["status"], "conditions": conditions})


async def _end(cluster: Cluster, pod: actions.Obj, delay: float) -> float | None:
    if not pod["metadata"].get("deletionGracePeriodSeconds") and pod["metadata"].get("finalizers"):
        return None
    if any("running" in s.get("state", {}) for s in pod["status"].get("containerStatuses", ())) and _is_ready(pod):
        conditions = [
            actions.condition(c["type"], False, before=pod["status"]["conditions"])
            if c["type"] in ("Ready", "ContainersReady")
            else c
            for c in pod["status"]["conditions"]
        ]
        actions.set_status(cluster, _NAME, pod, {**pod["status"], "conditions": conditions})
        await actions.tell(cluster, _NAME, pod, "Killing", f"Stopping container {pod['spec']['containers'][0]['name']}")
        return delay
    # Only the driver can take its volumes down; the kubelet tries for ever, and tells nobody but its log.
    if mounts.missing_driver(cluster, pod) is not None:
        return _RECHECK
    await actions.remove(cluster, pod, gracePeriodSeconds=0)
    return None


def _is_ready(pod: actions.Obj) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def _begin(cluster: Cluster, pod: actions.Obj, node: actions.Obj) -> None:
    """What a kubelet says when it sees a pod for the first time."""
    address = node["status"]["addresses"][0]["address"]
    status = {**pod["status"], "phase": "Pending", "hostIP": address, "hostIPs": [{"ip": address}], "startTime": now()}
    creating = {"waiting": {"reason": "ContainerCreating"}}
    status["containerStatuses"] = [_container(c, dict(creating)) for c in pod["spec"]["containers"]]
    if pod["spec"].get("initContainers"):
        initializing = {"waiting": {"reason": "PodInitializing"}}
        status["initContainerStatuses"] = [_container(c, dict(initializing)) for c in pod["spec"]["initContainers"]]
    before = status.get("conditions") or []
    unready = "containers with unready status: [" + " ".join(c["name"] for c in pod["spec"]["containers"]) + "]"
    status["conditions"] = [
        actions.condition("Initialized", True, before=before),
        actions.condition("Ready", False, "ContainersNotReady", unready, before),
        actions.condition("ContainersReady", False, "ContainersNotReady", unready, before),
        *(entry for entry in before if entry["type"] == "PodScheduled"),
    ]
    actions.set_status(cluster, _NAME, pod, status)


def _container(container: actions.Obj, state: actions.Obj, **more: Any) -> actions.Obj:
    entry = {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "started": False,
        "lastState": {},
        "state": state,
    }
    return entry | more


async def _advance(cluster: Cluster, pod: actions.Obj, delay: float) -> float | None:
    problem = mounts.problem(cluster, pod)
    if problem is not None:
        if problem.event:
            await actions.tell(cluster, _NAME, pod, problem.event, problem.message, "Warning")
        if problem.waiting:
            statuses = [
                {**status, "state": {"waiting": {"reason": problem.waiting, "message": problem.message}}}
                for status in pod["status"]["containerStatuses"]
            ]
            actions.set_status(cluster, _NAME, pod, {**pod["status"], "containerStatuses": statuses})
        return _RECHECK
    entries = [behaviour(cluster, c["image"]) for c in pod["spec"]["containers"]]
    inits = [behaviour(cluster, c["image"]) for c in pod["spec"].get("initContainers") or ()]
    stuck = next((entry for entry in inits if entry["behaviour"] in (*PULL_FAILURES, "CrashLoopBackOff")), None)
    if stuck is not None:
        return await _stay_initializing(cluster, pod, inits)
    if any(entry["behaviour"] == "Pending" for entry in entries):
        return _RECHECK
    if any("running" not in s["state"] for s in pod["status"]["containerStatuses"]):
        return await _run(cluster, pod, entries, delay)
    return await _make_ready(cluster, pod, entries)


async def _stay_initializing(cluster: Cluster, pod: actions.Obj, entries: list[actions.Obj]) -> float:
    containers = pod["spec"]["initContainers"]
    statuses = [
        _container(c, waiting(e, pod, c)) if e["behaviour"] != "Run" else _container(c, _exited(0), ready=True)
        for c, e in zip(containers, entries)
    ]
    actions.set_status(cluster, _NAME, pod, {**pod["status"], "initContainerStatuses": statuses})
    for container, entry in zip(containers, entries):
        await _tell_stuck(cluster, pod, container, entry)
    return _RECHECK


def _exited(code: int) -> actions.Obj:
    reason = "Completed" if code == 0 else "Error"
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}}


async def _run(cluster: Cluster, pod: actions.Obj, entries: list[actions.Obj], delay: float) -> float | None:
    """Start the containers that start; the others wait for what they lack."""
    statuses, again = [], delay
    for container, entry, old in zip(pod["spec"]["containers"], entries, pod["status"]["containerStatuses"]):
        kind = entry["behaviour"]
        running = {"running": {"startedAt": now()}}
        identity = {
            "imageID": f"{container['image']}@sha256:{0:064x}",
            "containerID": f"containerd://{pod['metadata']['uid']}",
        }
        if kind in PULL_FAILURES:
            shown = "ErrImagePull" if kind == "ImagePullBackOff" and "ContainerCreating" in str(old["state"]) else kind
            statuses.append(_container(container, waiting({**entry, "behaviour": shown}, pod, container)))
            again = delay if shown != kind else _RECHECK
        elif kind == "CrashLoopBackOff":
            count = max(old["restartCount"], entry.get("restarts", 1))
            last = _exited(entry.get("exitCode", 1))
            statuses.append(
                _container(container, waiting(entry, pod, container), restartCount=count, lastState=last, **identity)
            )
            again = _RECHECK
        else:
            statuses.append(
                {
                    **_container(container, old["state"] if "running" in old["state"] else running, **identity),
                    "started": True,
                }
            )
        await _tell_stuck(cluster, pod, container, entry)
    started = [status for status in statuses if "running" in status["state"] or status["restartCount"]]
    status = {
        **pod["status"],
        "containerStatuses": statuses,
        "phase": "Running" if len(started) == len(statuses) else "Pending",
    }
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_container(c, _exited(0), ready=True) for c in pod["spec"]["initContainers"]]
    if started and "podIP" not in status:
        status["podIP"] = _address(cluster, pod)
        status["podIPs"] = [{"ip": status["podIP"]}]
    actions.set_status(cluster, _NAME, pod, status)
    for container, entry in zip(pod["spec"]["containers"], entries):
        if entry["behaviour"] not in (*PULL_FAILURES, "CrashLoopBackOff"):
            await actions.tell(cluster, _NAME, pod, "Started", f"Started container {container['name']}")
    return again


def _address(cluster: Cluster, pod: actions.Obj) -> str:
    if pod["spec"].get("hostNetwork"):
        return pod["status"]["hostIP"]
    number = int(pod["metadata"]["uid"][:4], 16)
    return f"{cluster.settings.pod_network}.{number // 256}.{number % 254 + 1}"


def _waits_for(pod: actions.Obj, container: actions.Obj) -> str:
    """Why a container is waiting; empty if it isn't."""
    for status in pod["status"].get("containerStatuses", ()):
        if status["name"] == container["name"]:
            return (status["state"].get("waiting") or {}).get("reason", "")
    return ""


async def _tell_stuck(cluster: Cluster, pod: actions.Obj, container: actions.Obj, entry: actions.Obj) -> None:
    image = container["image"]
    if entry["behaviour"] in PULL_FAILURES:
        if _waits_for(pod, container) == "ImagePullBackOff":
            return
        text = f'Failed to pull image "{image}": {failed_pull(image, entry)}'
        await actions.tell(cluster, _NAME, pod, "Failed", text, "Warning")
        await actions.tell(cluster, _NAME, pod, "BackOff", f'Back-off pulling image "{image}"')
    elif entry["behaviour"] == "CrashLoopBackOff":
        if _waits_for(pod, container) == "CrashLoopBackOff":
            return
        meta = pod["metadata"]
        text = f"Back-off restarting failed container {container['name']} in pod {meta['name']}_{meta['namespace']}({meta['uid']})"
        await actions.tell(cluster, _NAME, pod, "BackOff", text, "Warning")


async def _make_ready(cluster: Cluster, pod: actions.Obj, entries: list[actions.Obj]) -> float | None:
    """Running containers become ready, or end."""
    if pod["spec"]["restartPolicy"] != "Always" or any(e["behaviour"] in ("Succeed", "Fail") for e in entries):
        ends = [e for e in entries if e["behaviour"] in ("Succeed", "Fail", "Run")]
        if len(ends) == len(entries) and pod["spec"]["restartPolicy"] != "Always":
            _finish(cluster, pod, entries)
            return None
    ready = [entry["behaviour"] != "NotReady" for entry in entries]
    statuses = [{**status, "ready": good} for status, good in zip(pod["status"]["containerStatuses"], ready)]
    before = pod["status"]["conditions"]
    unready = [container["name"] for container, good in zip(pod["spec"]["containers"], ready) if not good]
    reason = "" if all(ready) else "ContainersNotReady"
    message = "" if all(ready) else f"containers with unready status: [{' '.join(unready)}]"
    conditions = [
        actions.condition(entry["type"], all(ready), reason, message, before)
        if entry["type"] in ("Ready", "ContainersReady")
        else entry
        for entry in before
    ]
    for container, good in zip(pod["spec"]["containers"], ready):
        if not good and "readinessProbe" in container:
            await actions.tell(
                cluster, _NAME, pod, "Unhealthy", "Readiness probe failed: connection refused", "Warning"
            )
    actions.set_status(cluster, _NAME, pod, {**pod["status"], "containerStatuses": statuses, "conditions": conditions})
    if all(ready):
        await sidecars.lead(cluster, pod)
    return None if all(ready) and not cluster.images else _RECHECK


def _finish(cluster: Cluster, pod: actions.Obj, entries: list[actions.Obj]) -> None:
    codes = [entry.get("exitCode", 1) if entry["behaviour"] == "Fail" else 0 for entry in entries]
    statuses = [
        {**status, "state": _exited(code), "ready": False}
        for status, code in zip(pod["status"]["containerStatuses"], codes)
    ]
    end = "Failed" if any(codes) else "Succeeded"
    before = pod["status"]["conditions"]
    conditions = [
        actions.condition(c["type"], False, "PodCompleted" if end == "Succeeded" else "PodFailed", before=before)
        if c["type"] in ("Ready", "ContainersReady")
        else c
        for c in before
    ]
    actions.set_status(
        cluster, _NAME, pod, {**pod["status"], "phase": end, "containerStatuses": statuses, "conditions": conditions}
    )
