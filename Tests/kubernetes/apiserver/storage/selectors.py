"""Label and field selectors of lists and watches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import bad_request

Predicate = Callable[[dict[str, Any]], bool]
_IN = re.compile(r"([\w./-]+)\s+(in|notin)\s*\(([^()]*)\)\Z")
_EQUAL = re.compile(r"([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)\Z")
_COMPARE = re.compile(r"([\w./-]+)\s*([<>])\s*(-?\d+)\Z")
_EXISTS = re.compile(r"(!?)\s*([\w./-]+)\Z")
_METADATA = {"metadata.name", "metadata.namespace"}
_FIELDS = {
    "Pod": {
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
        "spec.hostNetwork",
    },
    "Event": {
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    },
    "Namespace": {"status.phase"},
    "Node": {"spec.unschedulable"},
    "Secret": {"type"},
    "Job": {"status.successful"},
    "ReplicaSet": {"status.replicas"},
}


def label_selector(text: str) -> Predicate:
    """What a `labelSelector` parameter selects. Raises 400 for one that cannot be parsed."""
    tests = [_label_test(part.strip(), text) for part in re.split(r",(?![^()]*\))", text) if part.strip()]
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in tests)


def _label_test(part: str, whole: str) -> Callable[[dict[str, str]], bool]:
    if match := _IN.match(part):
        key, operator, values = match.groups()
        options = {value.strip() for value in values.split(",")}
        if operator == "in":
            return lambda labels: labels.get(key) in options
        return lambda labels: labels.get(key) not in options
    if match := _EQUAL.match(part):
        key, operator, value = match.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _COMPARE.match(part):
        key, operator, value = match.groups()
        return lambda labels: _compares(labels.get(key), operator, int(value))
    if match := _EXISTS.match(part):
        negated, key = match.groups()
        return lambda labels: (key in labels) != bool(negated)
    raise bad_request(f"unable to parse requirement: found '{part}' in {whole!r}")


def _compares(value: str | None, operator: str, limit: int) -> bool:
    if value is None or not re.match(r"-?\d+\Z", value):
        return False
    return int(value) > limit if operator == ">" else int(value) < limit


def field_selector(text: str, kind: Any) -> Predicate:
    """What a `fieldSelector` parameter selects. Raises 400 for a field the kind cannot be selected by."""
    tests: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        match = re.match(r"([\w.]+)(==|=|!=)(.*)\Z", part.strip())
        if match is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        field, operator, value = match.groups()
        known = _METADATA | _FIELDS.get(kind.name, set())
        if field not in known and field not in _selectable(kind):
            if kind.name in _FIELDS:
                raise bad_request(f"field label not supported: {field}")
            options = ", ".join(f'"{name}"' for name in sorted(known | _selectable(kind)))
            raise bad_request(f'"{field}" is not a known field selector: only {options}')
        tests.append((field, operator == "!=", value))
    return lambda obj: all((_field(obj, field) == value) != negated for field, negated, value in tests)


def _selectable(kind: Any) -> set[str]:
    return kind.custom.selectable if kind.custom is not None else set()


def _field(obj: dict[str, Any], path: str) -> str:
    if path == "status.successful":
        path = "status.succeeded"
    if path == "source":
        path = "source.component"
    here: Any = obj
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    if isinstance(here, bool):
        return str(here).lower()
    if here is None:
        return "0" if path == "status.succeeded" else "false" if path == "spec.unschedulable" else ""
    return str(here)


def matches(selector: dict[str, Any] | None, labels: dict[str, str] | None) -> bool:
    """Whether a LabelSelector of an object (matchLabels, matchExpressions) selects labels."""
    if selector is None:
        return False
    labels = labels or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(requirement_holds(item, labels) for item in selector.get("matchExpressions") or ())


def requirement_holds(requirement: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether one requirement with key, operator and values holds."""
    value = labels.get(requirement["key"])
    options = requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return value in options
        case "NotIn":
            return value not in options
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return _compares(value, ">", int(options[0]))
        case "Lt":
            return _compares(value, "<", int(options[0]))
    return False
