"""What a pod's containers need before they start, and what of it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cluster import Cluster
from . import actions


@dataclass(frozen=True)
class Problem:
    """What keeps containers from starting: an event's reason, or a waiting container's."""

    event: str
    waiting: str
    message: str


def problem(cluster: Cluster, pod: actions.Obj) -> Problem | None:
    """The first thing that a pod lacks; None if it lacks nothing."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        found = _volume_problem(cluster, namespace, volume)
        if found is not None:
            return Problem("FailedMount", "", f'MountVolume.SetUp failed for volume "{volume["name"]}" : {found}')
    for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]:
        for kind, name, key in _references(container):
            obj = actions.get(cluster, kind, namespace, name)
            if obj is None:
                return Problem("Failed", "CreateContainerConfigError", f'{kind.lower()} "{name}" not found')
            if key and key not in {**obj.get("data", {}), **obj.get("binaryData", {})}:
                return Problem(
                    "Failed", "CreateContainerConfigError", f"couldn't find key {key} in {kind} {namespace}/{name}"
                )
    return None


def missing_driver(cluster: Cluster, pod: actions.Obj) -> str | None:
    """A CSI driver that a running pod's volumes need to be taken down and that is gone; None when none is missing."""
    if "hostIP" not in pod["status"]:
        return None
    for volume in pod["spec"].get("volumes") or ():
        driver = (volume.get("csi") or {}).get("driver")
        claim = volume.get("persistentVolumeClaim")
        if claim is not None:
            found = actions.get(cluster, "PersistentVolumeClaim", pod["metadata"]["namespace"], claim["claimName"])
            name = (found or {}).get("spec", {}).get("volumeName", "")
            bound = actions.get(cluster, "PersistentVolume", "", name)
            driver = ((bound or {}).get("spec", {}).get("csi") or {}).get("driver")
        if driver and actions.get(cluster, "CSIDriver", "", driver) is None:
            return driver
    return None


def _volume_problem(cluster: Cluster, namespace: str, volume: actions.Obj) -> str | None:
    for field, kind, name_field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = volume.get(field)
        if source is None or source.get("optional"):
            continue
        name = source.get(name_field, "")
        obj = actions.get(cluster, kind, namespace, name)
        if obj is None:
            return f'{kind.lower()} "{name}" not found'
        for item in source.get("items") or ():
            if item["key"] not in {**obj.get("data", {}), **obj.get("binaryData", {})}:
                return f"references non-existent {field.lower()} key: {item['key']}"
    inline = volume.get("csi")
    if inline is not None and actions.get(cluster, "CSIDriver", "", inline["driver"]) is None:
        return f"driver name {inline['driver']} not found in the list of registered CSI drivers"
    claim = volume.get("persistentVolumeClaim")
    if claim is not None:
        obj = actions.get(cluster, "PersistentVolumeClaim", namespace, claim["claimName"])
        if obj is None or obj.get("status", {}).get("phase") != "Bound":
            return f'claim "{claim["claimName"]}" is not bound'
    return None


def _references(container: actions.Obj) -> list[tuple[str, str, str]]:
    """Kind, name and key of what a container's environment needs."""
    found: list[tuple[str, str, str]] = []
    for variable in container.get("env") or ():
        source: dict[str, Any] = variable.get("valueFrom") or {}
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = source.get(field)
            if reference is not None and not reference.get("optional"):
                found.append((kind, reference["name"], reference["key"]))
    for source in container.get("envFrom") or ():
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            reference = source.get(field)
            if reference is not None and not reference.get("optional"):
                found.append((kind, reference["name"], ""))
    return found
