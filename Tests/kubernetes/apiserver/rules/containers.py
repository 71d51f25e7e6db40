"""Rules of containers."""

from __future__ import annotations

import re
from typing import Any

from ..fielderrors import FieldError, duplicate, forbidden, invalid, missing, required, unsupported
from ..quantity import parse
from . import names
from .metadata import unique

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def container_errors(
    container: dict[str, Any], field: str, volumes: set[str | None], init: bool, host_network: bool
) -> list[FieldError]:
    """Rules of one container; `volumes` are the names it may mount."""
    name = container.get("name", "")
    found = list(names.label(f"{field}.name", name)) if name else [required(f"{field}.name")]
    if not container.get("image"):
        found.append(required(f"{field}.image"))
    policies = ("Always", "IfNotPresent", "Never")
    if "imagePullPolicy" in container and container["imagePullPolicy"] not in policies:
        found.append(unsupported(f"{field}.imagePullPolicy", container["imagePullPolicy"], policies))
    found += _port_errors(container.get("ports") or [], f"{field}.ports", host_network)
    found += _environment_errors(container.get("env") or [], f"{field}.env")
    found += _mount_errors(container.get("volumeMounts") or [], f"{field}.volumeMounts", volumes)
    found += resource_errors(container.get("resources") or {}, f"{field}.resources")
    restartable = container.get("restartPolicy") == "Always"
    for name in _PROBES:
        if name in container:
            if init and not restartable:
                found.append(
                    forbidden(f"{field}.{name}", "may not be set for init containers without restartPolicy=Always")
                )
            found += _probe_errors(container[name], f"{field}.{name}", name)
    for hook, action in (container.get("lifecycle") or {}).items():
        if isinstance(action, dict):
            found += _handler_errors(action, f"{field}.lifecycle.{hook}", (*_HANDLERS[:3], "sleep"))
    return found


def _port_errors(ports: list[dict[str, Any]], field: str, host_network: bool) -> list[FieldError]:
    found, seen_names, hosts = [], set(), set()
    for index, port in enumerate(ports):
        where = f"{field}[{index}]"
        found += port_number(port.get("containerPort", 0), f"{where}.containerPort")
        if port.get("name"):
            found += port_name(port["name"], f"{where}.name")
            if port["name"] in seen_names:
                found.append(duplicate(f"{where}.name", port["name"]))
            seen_names.add(port["name"])
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            found.append(unsupported(f"{where}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP")))
        if host_network and port.get("hostPort", port.get("containerPort")) != port.get("containerPort"):
            found.append(
                invalid(f"{where}.hostPort", port["hostPort"], "must match `containerPort` when `hostNetwork` is true")
            )
        if port.get("hostPort"):
            host = (port.get("protocol"), port.get("hostIP", ""), port["hostPort"])
            if host in hosts:
                found.append(duplicate(f"{where}.hostPort", f"{host[0]}/{host[1]}/{host[2]}"))
            hosts.add(host)
    return found


def port_number(number: Any, field: str) -> list[FieldError]:
    if isinstance(number, int) and 1 <= number <= 65535:
        return []
    return [invalid(field, number, "must be between 1 and 65535, inclusive")]


def port_name(name: str, field: str) -> list[FieldError]:
    """An IANA service name."""
    rules = (
        (len(name) > 15, "must be no more than 15 characters"),
        (
            not re.fullmatch(r"[-a-z0-9]+", name),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (not re.search(r"[a-z]", name), "must contain at least one letter (a-z)"),
        ("--" in name, "must not contain consecutive hyphens"),
        (name[:1] == "-" or name[-1:] == "-", "must not begin or end with a hyphen"),
    )
    return [invalid(field, name, rule) for broken, rule in rules if broken]


def _environment_errors(variables: list[dict[str, Any]], field: str) -> list[FieldError]:
    found = []
    for index, variable in enumerate(variables):
        where = f"{field}[{index}]"
        if not variable.get("name"):
            found.append(required(f"{where}.name"))
        else:
            found += names.environment_name(f"{where}.name", variable["name"])
        source = variable.get("valueFrom")
        if source is None:
            continue
        if variable.get("value"):
            found.append(invalid(f"{where}.valueFrom", "", "may not be specified when `value` is not empty"))
        if len(source) != 1:
            found.append(
                invalid(
                    f"{where}.valueFrom",
                    "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
                    if not source
                    else "may not have more than one field specified at a time",
                )
            )
        path = (source.get("fieldRef") or {}).get("fieldPath")
        if path is not None and not _is_downward(path):
            why = f"error converting fieldPath: field label not supported: {path}"
            found.append(invalid(f"{where}.valueFrom.fieldRef.fieldPath", path, why))
        resource = (source.get("resourceFieldRef") or {}).get("resource")
        if resource is not None and not _is_resource(resource):
            found.append(
                unsupported(f"{where}.valueFrom.resourceFieldRef.resource", resource, sorted(_CONTAINER_RESOURCES))
            )
    return found


_CONTAINER_RESOURCES = {
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
}


def _is_resource(name: str) -> bool:
    return name in _CONTAINER_RESOURCES or name.startswith(("limits.hugepages-", "requests.hugepages-"))


_DOWNWARD = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)


def _is_downward(path: str) -> bool:
    return path in _DOWNWARD or path.startswith(("metadata.labels['", "metadata.annotations['"))


def _mount_errors(mounts: list[dict[str, Any]], field: str, volumes: set[str | None]) -> list[FieldError]:
    found = []
    propagations = ("Bidirectional", "HostToContainer", "None")
    for index, mount in enumerate(mounts):
        where = f"{field}[{index}]"
        if mount.get("name") not in volumes:
            found.append(missing(f"{where}.name", mount.get("name")))
        if not mount.get("mountPath"):
            found.append(required(f"{where}.mountPath"))
        if "mountPropagation" in mount and mount["mountPropagation"] not in propagations:
            found.append(unsupported(f"{field}.mountPropagation", mount["mountPropagation"], propagations))
        if mount.get("subPath", "").startswith("/") or ".." in mount.get("subPath", "").split("/"):
            found.append(invalid(f"{where}.subPath", mount["subPath"], "must be a relative path without '..'"))
    duplicates = unique(field, mounts, "mountPath")
    return found + [invalid(error.field, _value(mounts, error), "must be unique") for error in duplicates]


def _value(mounts: list[dict[str, Any]], error: FieldError) -> Any:
    return mounts[int(error.field.rsplit("[", 1)[1].split("]")[0])]["mountPath"]


def resource_errors(resources: dict[str, Any], field: str) -> list[FieldError]:
    """Requests are not above limits, and nothing is negative."""
    found = []
    limits = resources.get("limits") or {}
    for part in ("limits", "requests"):
        for name, amount in (resources.get(part) or {}).items():
            if (
                "/" not in name
                and name not in ("cpu", "memory", "ephemeral-storage", "storage")
                and not name.startswith("hugepages-")
            ):
                for rule in (
                    "must be a standard resource type or fully qualified",
                    "must be a standard resource for containers",
                ):
                    found.append(invalid(f"{field}.{part}[{name}]", name, rule))
            if parse(amount) < 0:
                found.append(invalid(f"{field}.{part}[{name}]", amount, "must be greater than or equal to 0"))
    for name, amount in (resources.get("requests") or {}).items():
        if name in limits and parse(amount) > parse(limits[name]):
            found.append(
                invalid(f"{field}.requests", amount, f"must be less than or equal to {name} limit of {limits[name]}")
            )
        if _is_fixed(name):
            if name not in limits:
                found.append(required(f"{field}.limits", "Limit must be set for non overcommitable resources"))
            elif amount != limits[name]:
                found.append(invalid(f"{field}.requests", amount, f"must be equal to {name} limit of {limits[name]}"))
    asked = {*limits, *(resources.get("requests") or {})}
    if any(name.startswith("hugepages-") for name in asked) and not asked & {"cpu", "memory"}:
        found.append(forbidden(field, "HugePages require cpu or memory"))
    return found


def _is_fixed(name: str) -> bool:
    """Whether a resource cannot be promised to more than one."""
    return name.startswith("hugepages-") or ("/" in name and "kubernetes.io/" not in name)


def _probe_errors(probe: dict[str, Any], field: str, name: str) -> list[FieldError]:
    found = _handler_errors(probe, field, _HANDLERS)
    for number in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(number, 0) < 0:
            found.append(invalid(f"{field}.{number}", probe[number], "must be greater than or equal to 0"))
    if name != "readinessProbe" and probe.get("successThreshold") != 1:
        found.append(invalid(f"{field}.successThreshold", probe.get("successThreshold"), "must be 1"))
    return found


def _handler_errors(action: dict[str, Any], field: str, kinds: tuple[str, ...]) -> list[FieldError]:
    given = [kind for kind in kinds if kind in action]
    if not given:
        return [required(field, "must specify a handler type")]
    found = [forbidden(f"{field}.{kind}", "may not specify more than 1 handler type") for kind in given[1:]]
    target = action[given[0]]
    if given[0] in ("httpGet", "tcpSocket"):
        port = target.get("port", 0)
        path = f"{field}.{given[0]}.port"
        found += port_name(port, path) if isinstance(port, str) else port_number(port, path)
    if given[0] == "exec" and not target.get("command"):
        found.append(required(f"{field}.exec.command"))
    return found
