"""Authorization: a test's denials, then administrators, then the RBAC objects."""

from __future__ import annotations

from typing import Any

from ..cluster import Cluster
from ..errors import ApiError
from .denials import Attributes
from .users import User

GROUP = "rbac.authorization.k8s.io"
_ANYONE = ("/healthz", "/livez", "/readyz", "/version", "/api", "/apis", "/openapi")


def is_allowed(cluster: Cluster, user: User, wanted: Attributes) -> bool:
    """Whether a user may do something."""
    denials = [denial for denial in cluster.denials if denial.denies(user.name, wanted)]
    for denial in denials:
        cluster.injections.strike(denial.name)
    if denials:
        return False
    if user.is_admin:
        return True
    if wanted.path:
        if wanted.verb == "get" and any(wanted.path.startswith(prefix) for prefix in _ANYONE):
            return True
        return any(_rule_allows_path(rule, wanted) for rule in rules_for(cluster, user, ""))
    if wanted.resource in ("selfsubjectaccessreviews", "selfsubjectrulesreviews"):
        return wanted.verb == "create"
    return any(_rule_allows(rule, wanted) for rule in rules_for(cluster, user, wanted.namespace))


def check(cluster: Cluster, user: User, wanted: Attributes) -> None:
    """Raise 403 unless a user may do something."""
    if is_allowed(cluster, user, wanted):
        return
    if wanted.path:
        what = f'path "{wanted.path}"' if not wanted.resource else ""
        message = f'forbidden: User "{user.name}" cannot {wanted.verb} {what}'
        raise ApiError(403, "Forbidden", message, {})
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    resource = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    target = f'{resource} "{wanted.name}"' if wanted.name else resource
    message = (
        f'{target} is forbidden: User "{user.name}" cannot {wanted.verb} resource '
        f'"{wanted.full_resource}" in API group "{wanted.group}" {scope}'
    )
    details = {"name": wanted.name} if wanted.name else {}
    details |= {"group": wanted.group} if wanted.group else {}
    raise ApiError(403, "Forbidden", message, details | {"kind": wanted.resource})


def rules_for(cluster: Cluster, user: User, namespace: str) -> list[dict[str, Any]]:
    """The RBAC rules that hold for a user in a namespace (empty: at the cluster scope)."""
    bindings = [(stored.obj, "") for stored in cluster.store.select(f"{GROUP}/clusterrolebindings")]
    if namespace:
        bindings += [(stored.obj, namespace) for stored in cluster.store.select(f"{GROUP}/rolebindings", namespace)]
    rules: list[dict[str, Any]] = []
    for binding, scope in bindings:
        if any(_is_subject(subject, user, scope) for subject in binding.get("subjects") or ()):
            rules += _rules_of(cluster, role_of(cluster, binding["roleRef"], scope) or {})
    return rules


def _rules_of(cluster: Cluster, role: dict[str, Any]) -> list[dict[str, Any]]:
    """A role's rules, with those it aggregates, which a controller of a real cluster writes into it."""
    rules = list(role.get("rules") or [])
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []:
        wanted = selector.get("matchLabels") or {}
        for stored in cluster.store.select(f"{GROUP}/clusterroles"):
            if wanted.items() <= (stored.obj["metadata"].get("labels") or {}).items():
                rules += _rules_of(cluster, stored.obj)
    return rules


def _is_subject(subject: dict[str, str], user: User, namespace: str) -> bool:
    if subject["kind"] == "User":
        return subject["name"] == user.name
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return user.name == f"system:serviceaccount:{subject.get('namespace', namespace)}:{subject['name']}"


def role_of(cluster: Cluster, reference: dict[str, str], namespace: str) -> dict[str, Any] | None:
    """The role that a binding names."""
    if reference["kind"] == "ClusterRole":
        stored = cluster.store.get(f"{GROUP}/clusterroles", ("", reference["name"]))
    else:
        stored = cluster.store.get(f"{GROUP}/roles", (namespace, reference["name"]))
    return stored.obj if stored else None


def _rule_allows_path(rule: dict[str, Any], wanted: Attributes) -> bool:
    def covers(url: str) -> bool:
        return url == wanted.path or (url.endswith("*") and wanted.path.startswith(url[:-1]))

    verbs = rule.get("verbs") or ()
    return (wanted.verb in verbs or "*" in verbs) and any(covers(url) for url in rule.get("nonResourceURLs") or ())


def _rule_allows(rule: dict[str, Any], wanted: Attributes) -> bool:
    def has(name: str, *values: str) -> bool:
        return any(value in (rule.get(name) or ()) for value in (*values, "*"))

    if not has("verbs", wanted.verb) or not has("apiGroups", wanted.group):
        return False
    if not has("resources", wanted.full_resource, f"*/{wanted.subresource}" if wanted.subresource else "*"):
        return False
    names = rule.get("resourceNames")
    return not names or wanted.name in names
