"""The kubelets: pods on nodes come to what tests say of their images, and end when they are deleted."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from apiserver.client import MERGE, Client
from apiserver.clock import now
from apiserver.control.injections import Injections
from apiserver.controllers import behaviours
from apiserver.controllers.behaviours import KINDS, PULL_FAILURES, failed_pull

from . import pod_status

Obj = dict[str, Any]


class Kubelet:
    """One for all nodes."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._api = client()
        self._rules: list[Obj] = []
        self.injections = Injections()
        self._told: set[tuple[str, str]] = set()
        self.delay = 0.0

    def rule(self, pattern: str, behaviour: str, **more: Any) -> None:
        """What becomes of containers whose image matches; the newest rule wins."""
        if behaviour not in KINDS:
            raise ValueError(f"no behaviour {behaviour}")
        rule = {"pattern": pattern, "behaviour": behaviour, **more}
        self.injections.expect(behaviours.name(rule))
        self._rules.insert(0, rule)

    def clear_rules(self) -> None:
        self._rules.clear()
        self._told.clear()

    def handle(self, pod: Obj | None) -> None:
        """Take a pod as far as it gets."""
        if pod is None or not pod["spec"].get("nodeName"):
            return
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            if meta.get("deletionGracePeriodSeconds"):
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
                self._api.delete(path, options)
            return
        if pod["status"].get("phase") in ("Succeeded", "Failed"):
            return
        if "containerStatuses" not in pod["status"] and self.delay:
            self._write(path, pod, pod_status.starting(pod))
            time.sleep(self.delay)
        self._tell(pod)
        self._write(path, pod, pod_status.later(pod, self._behaviour))

    def _behaviour(self, image: str) -> Obj:
        for rule in self._rules:
            if re.search(rule["pattern"], image):
                self.injections.strike(behaviours.name(rule))
                return rule
        return {"behaviour": "Run"}

    def _write(self, path: str, pod: Obj, status: Obj) -> None:
        if _essence(pod["status"]) == _essence({**pod["status"], **status}):
            return
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        self._api.patch(f"{path}/status", body, MERGE, fieldManager="kubelet")

    def _tell(self, pod: Obj) -> None:
        for container in pod["spec"]["containers"]:
            rule, meta = pod_status.rule_of(pod, container, self._behaviour), pod["metadata"]
            if rule["behaviour"] in PULL_FAILURES:
                text = f'Failed to pull image "{container["image"]}": {failed_pull(container["image"], rule)}'
                self._event(pod, "Failed", text)
                self._event(pod, "BackOff", f'Back-off pulling image "{container["image"]}"', "Normal")
            elif rule["behaviour"] == "CrashLoopBackOff":
                where = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
                self._event(pod, "BackOff", f"Back-off restarting failed container {container['name']} in pod {where}")
            elif rule["behaviour"] == "NotReady" and "readinessProbe" in container:
                self._event(pod, "Unhealthy", "Readiness probe failed: connection refused")

    def _event(self, pod: Obj, reason: str, message: str, kind: str = "Warning") -> None:
        meta = pod["metadata"]
        if (meta["uid"], message) in self._told:
            return
        self._told.add((meta["uid"], message))
        about = {"kind": "Pod", "apiVersion": "v1", **{key: meta[key] for key in ("name", "namespace", "uid")}}
        event = {
            "metadata": {"name": f"{meta['name'][:200]}.{uuid.uuid4().hex[:16]}", "namespace": meta["namespace"]},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": kind,
            "count": 1,
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "source": {"component": "kubelet"},
        }
        self._api.post(f"/api/v1/namespaces/{meta['namespace']}/events", event)


def _essence(status: Obj) -> Any:
    """What of a status counts, without times."""
    containers = [
        (entry["name"], entry["image"], entry["ready"], [*entry["state"]], entry["state"].get("waiting"))
        for entry in status.get("containerStatuses", ())
    ]
    return status.get("phase"), containers
