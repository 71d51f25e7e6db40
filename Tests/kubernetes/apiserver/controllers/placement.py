"""Which node a pod fits on, and why it doesn't fit on others."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..quantity import parse
from ..storage.selectors import matches, requirement_holds

Obj = dict[str, Any]
_HARD = ("NoSchedule", "NoExecute")
_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def misfit(pod: Obj, node: Obj, neighbours: list[Obj], everywhere: list[tuple[Obj, Obj]]) -> str | None:
    """Why a pod cannot go to a node; None if it can.

    `neighbours` are the pods there, `everywhere` all placed pods with their nodes.
    """
    spec = pod["spec"]
    if node["spec"].get("unschedulable") and not _tolerates(spec, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if not is_ready(node):
        return "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
    taint = untolerated(spec, node)
    if taint is not None:
        return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    if not matches_node(spec, node):
        return "node(s) didn't match Pod's node affinity/selector"
    if _ports(spec) & set().union(*(_ports(other["spec"]) for other in neighbours)):
        return "node(s) didn't have free ports for the requested pod ports"
    return _lacking(spec, node, neighbours) or _antipathy(pod, node, everywhere)


def is_ready(node: Obj) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def untolerated(spec: Obj, node: Obj) -> Obj | None:
    """The first hard taint of a node that a pod's spec doesn't tolerate."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] in _HARD and not _tolerates(spec, taint):
            return taint
    return None


def _tolerates(spec: Obj, taint: Obj) -> bool:
    for toleration in spec.get("tolerations") or ():
        if toleration.get("effect") and toleration["effect"] != taint["effect"]:
            continue
        if toleration.get("key") and toleration["key"] != taint["key"]:
            continue
        if toleration.get("operator", "Equal") == "Exists" or toleration.get("value", "") == taint.get("value", ""):
            return True
    return False


def matches_node(spec: Obj, node: Obj) -> bool:
    """Whether nodeSelector and required node affinity allow a node."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity is None:
        return True
    return any(_term_holds(term, node) for term in affinity.get("nodeSelectorTerms") or ())


def _term_holds(term: Obj, node: Obj) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    labels = node["metadata"].get("labels") or {}
    names = {"metadata.name": node["metadata"]["name"]}
    return all(requirement_holds(item, labels) for item in expressions) and all(
        requirement_holds(item, names) for item in fields
    )


def _ports(spec: Obj) -> set[tuple[str, int]]:
    return {
        (port.get("protocol", "TCP"), port["hostPort"])
        for container in spec["containers"]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    }


def requests(spec: Obj) -> Counter[str]:
    """What a pod's containers request, in units of the resource."""
    total: Counter[str] = Counter()
    for container in spec["containers"]:
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] += parse(amount)  # type: ignore[assignment]
    for container in spec.get("initContainers") or ():
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = max(total[name], parse(amount))  # type: ignore[assignment]
    return total


def _lacking(spec: Obj, node: Obj, neighbours: list[Obj]) -> str | None:
    allocatable = node.get("status", {}).get("allocatable") or {}
    if len(neighbours) >= parse(allocatable.get("pods", "110")):
        return "Too many pods"
    used: Counter[str] = Counter()
    for other in neighbours:
        used.update(requests(other["spec"]))
    for name, amount in requests(spec).items():
        if amount and used[name] + amount > parse(allocatable.get(name, "0")):
            return f"Insufficient {name}"
    return None


def _antipathy(pod: Obj, node: Obj, everywhere: list[tuple[Obj, Obj]]) -> str | None:
    """Required pod affinity and anti-affinity, of this pod and against it."""
    namespace = pod["metadata"]["namespace"]
    for term in _terms(pod, "podAntiAffinity"):
        if any(_near(term, other, place, node) and _selects(term, other, namespace) for other, place in everywhere):
            return "node(s) didn't match pod anti-affinity rules"
    for other, place in everywhere:
        for term in _terms(other, "podAntiAffinity"):
            if _near(term, other, place, node) and _selects(term, pod, other["metadata"]["namespace"]):
                return "node(s) didn't satisfy existing pods anti-affinity rules"
    for term in _terms(pod, "podAffinity"):
        wanted = [(other, place) for other, place in everywhere if _selects(term, other, namespace)]
        alone = not wanted and _selects(term, pod, namespace)
        if not alone and not any(_near(term, other, place, node) for other, place in wanted):
            return "node(s) didn't match pod affinity rules"
    return None


def _terms(pod: Obj, name: str) -> list[Obj]:
    return ((pod["spec"].get("affinity") or {}).get(name) or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or []


def _selects(term: Obj, pod: Obj, own_namespace: str) -> bool:
    namespaces = term.get("namespaces") or [own_namespace]
    anywhere = "namespaceSelector" in term
    return (anywhere or pod["metadata"]["namespace"] in namespaces) and matches(
        term.get("labelSelector"), pod["metadata"].get("labels")
    )


def _near(term: Obj, other: Obj, place: Obj, node: Obj) -> bool:
    key = term["topologyKey"]
    here, there = (n["metadata"].get("labels", {}).get(key) for n in (node, place))
    return here is not None and here == there
