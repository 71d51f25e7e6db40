"""LimitRanges and ResourceQuotas: what a namespace lets pods ask for, each and together.

Ratios, storage and counts of other objects than pods are left out.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from ..quantity import parse

Obj = dict[str, Any]
_DONE = ("Succeeded", "Failed")


def admit(cluster: Cluster, kind: Kind, pod: Obj) -> None:
    """Give a new pod the namespace's defaults, or refuse it."""
    namespace = pod["metadata"]["namespace"]
    for stored in cluster.store.select("/limitranges", namespace):
        for limit in stored.obj["spec"].get("limits") or ():
            if limit["type"] == "Container":
                for container in _containers(pod):
                    _default(container, limit)
    problems = [
        text
        for stored in cluster.store.select("/limitranges", namespace)
        for limit in stored.obj["spec"].get("limits") or ()
        for text in _range_problems(pod, limit)
    ]
    if problems:
        raise errors.forbidden(
            kind, pod["metadata"]["name"], problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        )
    for stored in cluster.store.select("/resourcequotas", namespace):
        text = _quota_problem(cluster, stored.obj, pod)
        if text:
            raise errors.forbidden(kind, pod["metadata"]["name"], text)


def _containers(pod: Obj) -> list[Obj]:
    return [*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())]


def _default(container: Obj, limit: Obj) -> None:
    resources = container.setdefault("resources", {})
    for field, source in (("limits", "default"), ("requests", "defaultRequest")):
        for name, amount in (limit.get(source) or {}).items():
            resources.setdefault(field, {}).setdefault(name, amount)
    for name, amount in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, amount)


def _range_problems(pod: Obj, limit: Obj) -> list[str]:
    kind, found = limit["type"], []
    if kind == "Container":
        parts = [container.get("resources") or {} for container in _containers(pod)]
    elif kind == "Pod":
        parts = [{"requests": _total(pod, "requests"), "limits": _total(pod, "limits")}]
    else:
        return []
    for resources in parts:
        for name, most in (limit.get("max") or {}).items():
            own = (resources.get("limits") or {}).get(name)
            if own is None:
                found.append(f"maximum {name} usage per {kind} is {most}.  No limit is specified")
            elif parse(own) > parse(most):
                found.append(f"maximum {name} usage per {kind} is {most}, but limit is {own}")
        for name, least in (limit.get("min") or {}).items():
            own = (resources.get("requests") or {}).get(name)
            if own is None:
                found.append(f"minimum {name} usage per {kind} is {least}.  No request is specified")
            elif parse(own) < parse(least):
                found.append(f"minimum {name} usage per {kind} is {least}, but request is {own}")
    return found


def _total(pod: Obj, field: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in pod["spec"].get("containers") or ():
        for name, amount in ((container.get("resources") or {}).get(field) or {}).items():
            total[name] += parse(amount)
    return total


def _usage(pod: Obj) -> Counter[str]:
    usage: Counter[str] = Counter({"pods": Fraction(1), "count/pods": Fraction(1)})
    for name, amount in _total(pod, "requests").items():
        usage[f"requests.{name}"] += amount
        if name in ("cpu", "memory"):
            usage[name] += amount
    for name, amount in _total(pod, "limits").items():
        usage[f"limits.{name}"] += amount
    return usage


def _quota_problem(cluster: Cluster, quota: Obj, pod: Obj) -> str:
    if not _concerns(quota, pod):
        return ""
    name, hard = quota["metadata"]["name"], quota["spec"].get("hard") or {}
    missing = []
    for resource in sorted(hard):
        field, _, part = resource.rpartition(".")
        if resource in ("cpu", "memory"):
            field, part = "requests", resource
        if field in ("requests", "limits") and part in ("cpu", "memory"):
            lacking = [
                container["name"]
                for container in _containers(pod)
                if part not in ((container.get("resources") or {}).get(field) or {})
            ]
            if lacking:
                missing.append(f"{resource} for: {','.join(lacking)}")
    if missing:
        return f"failed quota: {name}: must specify {'; '.join(missing)}"
    others = [
        stored.obj
        for stored in cluster.store.select("/pods", pod["metadata"]["namespace"])
        if stored.obj.get("status", {}).get("phase") not in _DONE and _concerns(quota, stored.obj)
    ]
    used: Counter[str] = Counter()
    for other in others:
        used += _usage(other)
    wanted = _usage(pod)
    over = [each for each in sorted(hard) if wanted[each] and used[each] + wanted[each] > parse(hard[each])]
    if not over:
        return ""

    def shown(amounts: Any) -> str:
        return ",".join(f"{each}={amounts[each]}" for each in over)

    plain = {each: _text(each, wanted[each]) for each in over}
    taken = {each: _text(each, used[each]) for each in over}
    return f"exceeded quota: {name}, requested: {shown(plain)}, used: {shown(taken)}, limited: {shown(hard)}"


def _text(resource: str, amount: Fraction) -> str:
    if resource.endswith("cpu"):
        return f"{int(amount * 1000)}m" if amount % 1 else str(int(amount))
    for suffix, power in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if amount and amount % (1 << power) == 0:
            return f"{int(amount) >> power}{suffix}"
    return str(int(amount))


def _concerns(quota: Obj, pod: Obj) -> bool:
    """Whether a pod is in the quota's scopes; of them those of priority classes."""
    expressions = (quota["spec"].get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(
        pod["spec"].get("priorityClassName", "") in (entry.get("values") or ())
        for entry in expressions
        if entry["scopeName"] == "PriorityClass" and entry["operator"] == "In"
    )
