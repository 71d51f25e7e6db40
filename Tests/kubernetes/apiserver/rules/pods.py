"""Rules of pods and pod templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..fielderrors import FieldError, duplicate, forbidden, invalid, required, unsupported
from . import names
from .containers import container_errors
from .metadata import unique

_CHANGEABLE = (
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
    "containers",
    "initContainers",
    "schedulingGates",
)
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def pod_errors(obj: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    """Rules of a pod, and of what may change in it."""
    spec = obj["spec"]
    found = pod_spec_errors(spec, "spec")
    for index, container in enumerate(spec["containers"]):
        if container.get("image", "") != container.get("image", "").strip():
            why = "must not have leading or trailing whitespace"
            found.append(invalid(f"spec.containers[{index}].image", container["image"], why))
    if old is not None and _frozen(spec) != _frozen(old["spec"]):
        found.append(
            forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,"
                "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                "previously negative)",
            )
        )
    return found


def _frozen(spec: dict[str, Any]) -> dict[str, Any]:
    """What of a pod's spec cannot change."""
    kept = {key: value for key, value in spec.items() if key not in _CHANGEABLE}
    for name in ("containers", "initContainers"):
        kept[name] = [{key: value for key, value in c.items() if key != "image"} for c in spec.get(name) or ()]
    return kept


def template_errors(
    template: dict[str, Any], field: str, restart: tuple[str, ...] = ("Always",), claims: Iterable[str] = ()
) -> list[FieldError]:
    """Rules of a pod template; `restart`: the restart policies its owner allows; `claims`: volumes it adds."""
    meta, spec = template.get("metadata") or {}, template.get("spec")
    found = list(names.labels(f"{field}.labels", meta.get("labels") or {}))
    for key in meta.get("annotations") or {}:
        found += names.qualified(f"{field}.annotations", key.lower())
    if spec is None:
        return [*found, required(f"{field}.spec.containers")]
    if spec.get("restartPolicy") == "Always" and "Always" not in restart:
        options = ", ".join(f'"{policy}"' for policy in restart)
        found.append(required(f"{field}.spec.restartPolicy", f"valid values: {options}"))
    elif spec.get("restartPolicy") not in restart:
        found.append(unsupported(f"{field}.spec.restartPolicy", spec.get("restartPolicy"), restart))
    return found + pod_spec_errors(spec, f"{field}.spec", claims)


def pod_spec_errors(spec: dict[str, Any], field: str, claims: Iterable[str] = ()) -> list[FieldError]:
    """Rules of a pod's spec."""
    volumes = spec.get("volumes") or []
    found = _volume_errors(volumes, f"{field}.volumes")
    containers = spec.get("containers") or []
    if not containers:
        found.append(required(f"{field}.containers"))
    known = {volume.get("name") for volume in volumes} | set(claims)
    for name in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(name) or ()):
            found += container_errors(
                container, f"{field}.{name}[{index}]", known, name == "initContainers", bool(spec.get("hostNetwork"))
            )
    taken: set[str] = set()
    for name in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            if container.get("name") in taken:
                found.append(duplicate(f"{field}.{name}[{index}].name", container["name"]))
            taken.add(container.get("name", ""))
    found += _choices(spec, field)
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        found += _toleration_errors(toleration, f"{field}.tolerations[{index}]")
    found += names.labels(f"{field}.nodeSelector", spec.get("nodeSelector") or {})
    if spec.get("serviceAccountName"):
        found += names.subdomain(f"{field}.serviceAccountName", spec["serviceAccountName"])
    return found + _affinity_errors(spec.get("affinity") or {}, f"{field}.affinity")


def _choices(spec: dict[str, Any], field: str) -> list[FieldError]:
    found = []
    for name, options in (
        ("restartPolicy", ("Always", "OnFailure", "Never")),
        ("dnsPolicy", ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")),
    ):
        if spec.get(name) not in options:
            found.append(unsupported(f"{field}.{name}", spec.get(name), options))
    if spec.get("dnsPolicy") == "None" and "dnsConfig" not in spec:
        found.append(required(f"{field}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None"))
    elif spec.get("dnsPolicy") == "None" and not spec["dnsConfig"].get("nameservers"):
        found.append(
            required(
                f"{field}.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"
            )
        )
    return found


def _volume_errors(volumes: list[dict[str, Any]], field: str) -> list[FieldError]:
    found: list[FieldError] = []
    for index, volume in enumerate(volumes):
        where = f"{field}[{index}]"
        found += names.label(f"{where}.name", volume.get("name", ""))
        sources = [key for key in volume if key != "name"]
        if len(sources) != 1:
            found.append(
                forbidden(f"{where}.{sorted(sources)[1]}", "may not specify more than 1 volume type")
                if sources
                else required(where, "must specify a volume type")
            )
        claim = volume.get("persistentVolumeClaim")
        if claim is not None and not claim.get("claimName"):
            found.append(required(f"{where}.persistentVolumeClaim.claimName"))
        host_path = volume.get("hostPath")
        if host_path is not None:
            kinds = (
                "",
                "BlockDevice",
                "CharDevice",
                "Directory",
                "DirectoryOrCreate",
                "File",
                "FileOrCreate",
                "Socket",
            )
            if not host_path.get("path"):
                found.append(required(f"{where}.hostPath.path"))
            elif ".." in host_path["path"].split("/"):
                found.append(invalid(f"{where}.hostPath.path", host_path["path"], "must not contain '..'"))
            if host_path.get("type", "") not in kinds:
                found.append(unsupported(f"{where}.hostPath.type", host_path["type"], kinds))
        medium = (volume.get("emptyDir") or {}).get("medium", "")
        if medium not in ("", "Memory") and not medium.startswith("HugePages"):
            found.append(unsupported(f"{where}.emptyDir.medium", medium, ("", "Memory")))
    return found + unique(field, volumes)


def _toleration_errors(toleration: dict[str, Any], field: str) -> list[FieldError]:
    found = []
    operator = toleration.get("operator", "Equal")
    if operator not in ("Equal", "Exists"):
        found.append(unsupported(f"{field}.operator", operator, ("Equal", "Exists")))
    if operator == "Exists" and toleration.get("value"):
        found.append(
            invalid(f"{field}.operator", toleration["value"], "value must be empty when `operator` is 'Exists'")
        )
    if not toleration.get("key") and operator != "Exists":
        found.append(
            invalid(
                f"{field}.operator",
                toleration.get("operator", ""),
                'operator must be Exists when `key` is empty, which means "match all values and all keys"',
            )
        )
    if toleration.get("effect", "") and toleration["effect"] not in _EFFECTS:
        found.append(unsupported(f"{field}.effect", toleration["effect"], _EFFECTS))
    return found


def _affinity_errors(affinity: dict[str, Any], field: str) -> list[FieldError]:
    found: list[FieldError] = []
    node = (affinity.get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if node is not None and not node.get("nodeSelectorTerms"):
        path = f"{field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        found.append(required(path, "must have at least one node selector term"))
    for name in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(name) or {}
        path = f"{field}.{name}.requiredDuringSchedulingIgnoredDuringExecution"
        for index, term in enumerate(part.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
            if not term.get("topologyKey"):
                found.append(required(f"{path}[{index}].topologyKey", "can not be empty"))
        for index, term in enumerate(part.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
            if not 1 <= term.get("weight", 0) <= 100:
                found.append(
                    invalid(
                        f"{field}.{name}.preferredDuringSchedulingIgnoredDuringExecution[{index}].weight",
                        term.get("weight", 0),
                        "must be in the range 1-100",
                    )
                )
    return found


def selector_errors(selector: dict[str, Any], field: str) -> list[FieldError]:
    """Syntax of a LabelSelector."""
    found = list(names.labels(f"{field}.matchLabels", selector.get("matchLabels") or {}))
    for index, item in enumerate(selector.get("matchExpressions") or ()):
        where = f"{field}.matchExpressions[{index}]"
        operator = item.get("operator")
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            found.append(invalid(f"{where}.operator", operator, "not a valid selector operator"))
        elif operator in ("In", "NotIn") and not item.get("values"):
            found.append(required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist") and item.get("values"):
            found.append(
                forbidden(f"{where}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    return found
