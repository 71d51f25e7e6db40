"""Rules of RBAC, priorities, leases and admission webhooks."""

from __future__ import annotations

from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, required, unsupported
from . import names
from .metadata import immutable, unique
from .pods import selector_errors

Old = dict[str, Any] | None
_RBAC = "rbac.authorization.k8s.io"
_HIGHEST = 1_000_000_000


def role_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    """Rules have verbs, and either resources or (cluster roles only) paths."""
    found: list[FieldError] = []
    cluster = obj["kind"] == "ClusterRole"
    for index, rule in enumerate(obj.get("rules") or ()):
        where = f"rules[{index}]"
        if not rule.get("verbs"):
            found.append(required(f"{where}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if not cluster:
                found.append(
                    invalid(
                        f"{where}.nonResourceURLs",
                        rule["nonResourceURLs"],
                        "namespaced rules cannot apply to non-resource URLs",
                    )
                )
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                found.append(
                    invalid(
                        f"{where}.nonResourceURLs",
                        rule["nonResourceURLs"],
                        "rules cannot apply to both regular resources and non-resource URLs",
                    )
                )
            continue
        if not rule.get("apiGroups"):
            found.append(required(f"{where}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            found.append(required(f"{where}.resources", "resource rules must supply at least one resource"))
    return found


def binding_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    reference = obj["roleRef"]
    kinds = ("ClusterRole",) if obj["kind"] == "ClusterRoleBinding" else ("Role", "ClusterRole")
    found = []
    if reference["apiGroup"] != _RBAC:
        found.append(unsupported("roleRef.apiGroup", reference["apiGroup"], (_RBAC,)))
    if reference["kind"] not in kinds:
        found.append(unsupported("roleRef.kind", reference["kind"], kinds))
    if not reference["name"]:
        found.append(required("roleRef.name"))
    for index, subject in enumerate(obj.get("subjects") or ()):
        where = f"subjects[{index}]"
        if subject["kind"] not in ("ServiceAccount", "User", "Group"):
            found.append(unsupported(f"{where}.kind", subject["kind"], ("ServiceAccount", "User", "Group")))
        elif subject["kind"] == "ServiceAccount":
            if not subject.get("namespace") and obj["kind"] == "ClusterRoleBinding":
                found.append(required(f"{where}.namespace"))
            if subject.get("apiGroup"):
                found.append(unsupported(f"{where}.apiGroup", subject["apiGroup"], ("",)))
    if old is not None and old["roleRef"] != reference:
        found.append(invalid("roleRef", reference, "cannot change roleRef"))
    return found


def priority_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    found: list[FieldError] = []
    name = obj["metadata"]["name"]
    if name.startswith("system-"):
        found.append(
            forbidden(
                "metadata.name",
                "priority class names with 'system-' prefix are reserved for system use only. error: "
                + name
                + " is not a known system priority class",
            )
        )
    if obj["value"] > _HIGHEST:
        found.append(forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}"))
    if obj["preemptionPolicy"] not in ("PreemptLowerPriority", "Never"):
        found.append(unsupported("preemptionPolicy", obj["preemptionPolicy"], ("Never", "PreemptLowerPriority")))
    if old is not None:
        if obj["value"] != old["value"]:
            found.append(forbidden("value", "may not be changed in an update."))
        found += immutable("preemptionPolicy", old["preemptionPolicy"], obj["preemptionPolicy"])
    return found


def lease_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj.get("spec") or {}
    found = []
    if spec.get("leaseDurationSeconds", 1) <= 0:
        found.append(invalid("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        found.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], "must be greater than or equal to 0"))
    return found


def webhook_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    """Each webhook says whom to call, about what, and in which review version."""
    webhooks = obj.get("webhooks") or []
    found = unique("webhooks", webhooks)
    for index, webhook in enumerate(webhooks):
        where = f"webhooks[{index}]"
        if webhook["name"].count(".") < 2:
            found.append(
                invalid(
                    f"{where}.name",
                    webhook["name"],
                    "should be a domain with at least three segments separated by dots",
                )
            )
        if not webhook.get("admissionReviewVersions"):
            found.append(required(f"{where}.admissionReviewVersions", "must specify one of v1, v1beta1"))
        elif not {"v1", "v1beta1"} & set(webhook["admissionReviewVersions"]):
            found.append(
                invalid(
                    f"{where}.admissionReviewVersions",
                    webhook["admissionReviewVersions"],
                    "must include at least one of v1, v1beta1",
                )
            )
        if webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            found.append(unsupported(f"{where}.sideEffects", webhook.get("sideEffects", ""), ("None", "NoneOnDryRun")))
        if webhook["failurePolicy"] not in ("Fail", "Ignore"):
            found.append(unsupported(f"{where}.failurePolicy", webhook["failurePolicy"], ("Fail", "Ignore")))
        if webhook["matchPolicy"] not in ("Exact", "Equivalent"):
            found.append(unsupported(f"{where}.matchPolicy", webhook["matchPolicy"], ("Equivalent", "Exact")))
        if not 1 <= webhook["timeoutSeconds"] <= 30:
            found.append(
                invalid(
                    f"{where}.timeoutSeconds",
                    webhook["timeoutSeconds"],
                    "the timeout value must be between 1 and 30 seconds",
                )
            )
        found += client_errors(webhook["clientConfig"], f"{where}.clientConfig")
        for place, rule in enumerate(webhook.get("rules") or ()):
            found += _rule_errors(rule, f"{where}.rules[{place}]")
        found += selector_errors(webhook["namespaceSelector"], f"{where}.namespaceSelector")
        found += selector_errors(webhook["objectSelector"], f"{where}.objectSelector")
        found += _match_condition_errors(webhook.get("matchConditions") or [], f"{where}.matchConditions")
    return found


def _match_condition_errors(conditions: list[dict[str, Any]], field: str) -> list[FieldError]:
    """Conditions have names of their own and expressions whose brackets and quotes agree; at most 64."""
    if len(conditions) > 64:
        return [invalid(field, len(conditions), "must have at most 64 items")]
    found = unique(field, conditions)
    for place, condition in enumerate(conditions):
        where = f"{field}[{place}]"
        found += names.qualified(f"{where}.name", condition.get("name", ""))
        expression = condition.get("expression", "").strip()
        if not expression:
            found.append(required(f"{where}.expression", ""))
        elif expression.count("(") != expression.count(")") or expression.count("'") % 2:
            found.append(invalid(f"{where}.expression", expression, "compilation failed: Syntax error"))
    return found


def client_errors(config: dict[str, Any], field: str) -> list[FieldError]:
    """A webhook's address: exactly one of URL and service."""
    service = config.get("service")
    if (config.get("url") is None) == (service is None):
        return [required(field, "exactly one of url or service is required")]
    if service is None:
        return (
            []
            if config["url"].startswith("https://")
            else [
                invalid(
                    f"{field}.url",
                    config["url"].partition("://")[0],
                    "'https' is the only allowed URL scheme; desired format: https://host[/path]",
                )
            ]
        )
    found = [required(f"{field}.service.{name}") for name in ("name", "namespace") if not service.get(name)]
    if not str(service.get("path", "/")).startswith("/"):
        found.append(invalid(f"{field}.service.path", service["path"], "must start with a '/'"))
    return found


def _rule_errors(rule: dict[str, Any], field: str) -> list[FieldError]:
    found = [
        required(f"{field}.{name}")
        for name in ("operations", "apiGroups", "apiVersions", "resources")
        if not rule.get(name)
    ]
    for index, operation in enumerate(rule.get("operations") or ()):
        if operation not in ("*", "CREATE", "UPDATE", "DELETE", "CONNECT"):
            found.append(
                unsupported(f"{field}.operations[{index}]", operation, ("*", "CONNECT", "CREATE", "DELETE", "UPDATE"))
            )
    if rule["scope"] not in ("*", "Cluster", "Namespaced"):
        found.append(unsupported(f"{field}.scope", rule["scope"], ("*", "Cluster", "Namespaced")))
    return found
