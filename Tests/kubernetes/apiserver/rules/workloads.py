"""Rules of the kinds that make pods, and of disruption budgets."""

from __future__ import annotations

import re
from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, unsupported
from ..storage.selectors import matches
from .metadata import immutable
from .pods import selector_errors, template_errors

Old = dict[str, Any] | None
_PERCENT = re.compile(r"\d+%\Z")


def deployment_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = _common(obj, old, "spec.selector")
    strategy = spec["strategy"]
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        found.append(unsupported("spec.strategy", shown, ("Recreate", "RollingUpdate")))
    if strategy["type"] == "Recreate" and "rollingUpdate" in strategy:
        found.append(
            forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
        )
    if strategy["type"] == "RollingUpdate":
        found += _rolling_errors(strategy.get("rollingUpdate") or {}, "spec.strategy.rollingUpdate")
    if spec["progressDeadlineSeconds"] <= spec.get("minReadySeconds", 0):
        found.append(
            invalid(
                "spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], "must be greater than minReadySeconds"
            )
        )
    return found


def replica_set_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    return _common(obj, old, "spec.selector")


def stateful_set_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    found = _common(obj, None, "spec.selector")
    if obj["spec"]["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        found.append(
            invalid(
                "spec.podManagementPolicy", obj["spec"]["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'"
            )
        )
    if old is not None and _fixed_set(obj["spec"]) != _fixed_set(old["spec"]):
        found.append(
            forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            )
        )
    return found


def _fixed_set(spec: dict[str, Any]) -> dict[str, Any]:
    free = (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "revisionHistoryLimit",
    )
    return {key: value for key, value in spec.items() if key not in free}


def daemon_set_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    found = _common(obj, old, "spec.selector")
    strategy = obj["spec"]["updateStrategy"]
    if strategy["type"] not in ("OnDelete", "RollingUpdate"):
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        found.append(unsupported("spec.updateStrategy", shown, ("RollingUpdate", "OnDelete")))
    if strategy["type"] == "RollingUpdate":
        found += _rolling_errors(strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate")
    return found


def job_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = _numbers(spec, ("completions", "parallelism", "backoffLimit", "ttlSecondsAfterFinished"))
    found += template_errors(spec["template"], "spec.template", ("OnFailure", "Never"))
    if old is not None:
        before = old["spec"]
        for name in ("selector", "completionMode"):
            found += immutable(f"spec.{name}", before.get(name), spec.get(name))
        if not (before.get("suspend") and not old.get("status", {}).get("startTime")):
            found += immutable("spec.template", before["template"], spec["template"])
    return found


def cron_job_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = []
    parts = spec["schedule"].split()
    if len(parts) != 5 and not spec["schedule"].startswith("@"):
        why = f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]"
        found.append(invalid("spec.schedule", spec["schedule"], why))
    if spec["concurrencyPolicy"] not in ("Allow", "Forbid", "Replace"):
        found.append(unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], ("Allow", "Forbid", "Replace")))
    template = (spec["jobTemplate"].get("spec") or {}).get("template") or {}
    return found + template_errors(template, "spec.jobTemplate.spec.template", ("OnFailure", "Never"))


def budget_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj.get("spec") or {}
    found = []
    if "minAvailable" in spec and "maxUnavailable" in spec:
        found.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            found += _count_errors(spec[name], f"spec.{name}")
    return found + selector_errors(spec.get("selector") or {}, "spec.selector")


def _common(obj: dict[str, Any], old: Old, field: str) -> list[FieldError]:
    spec = obj["spec"]
    found = _numbers(spec, ("replicas", "minReadySeconds", "revisionHistoryLimit"))
    selector = spec.get("selector") or {}
    syntax = selector_errors(selector, field)
    found += syntax
    if syntax:
        found.append(invalid(field, selector, "invalid label selector"))
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        found.append(
            invalid(
                field,
                selector,
                "empty selector is invalid for deployment"
                if obj["kind"] == "Deployment"
                else f"empty selector is invalid for {obj['kind'].lower()}",
            )
        )
    elif not matches(selector, (spec["template"].get("metadata") or {}).get("labels")):
        labels = (spec["template"].get("metadata") or {}).get("labels") or {}
        found.append(invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
    claims = [claim["metadata"].get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
    found += template_errors(spec["template"], "spec.template", claims=claims)
    if old is not None:
        found += immutable(field, old["spec"]["selector"], selector)
    return found


def _numbers(spec: dict[str, Any], names: tuple[str, ...]) -> list[FieldError]:
    return [
        invalid(f"spec.{name}", spec[name], "must be greater than or equal to 0")
        for name in names
        if spec.get(name, 0) < 0
    ]


def _rolling_errors(rolling: dict[str, Any], field: str) -> list[FieldError]:
    found = []
    for name in ("maxUnavailable", "maxSurge"):
        if name in rolling:
            found += _count_errors(rolling[name], f"{field}.{name}")
    if not found and all(str(rolling.get(name, 1)).rstrip("%") == "0" for name in ("maxUnavailable", "maxSurge")):
        found.append(invalid(f"{field}.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0"))
    return found


def _count_errors(value: Any, field: str) -> list[FieldError]:
    if isinstance(value, int):
        return [] if value >= 0 else [invalid(field, value, "must be greater than or equal to 0")]
    if _PERCENT.match(value):
        return []
    return [
        invalid(
            field,
            value,
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        )
    ]


def scaled(value: int | str, whole: int, up: bool) -> int:
    """A number or percentage of a whole, rounded up or down."""
    if isinstance(value, int):
        return value
    part = int(value.rstrip("%")) * whole
    return -(-part // 100) if up else part // 100
