"""Nobody grants rights that they don't have: roles and bindings are refused to those who lack some of their rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from .authorization import GROUP, is_allowed, role_of, rules_for
from .denials import Attributes
from .users import User

Obj = dict[str, Any]
_ROLES, _BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")
# What the garbage collector changes.
_COLLECTED = ("ownerReferences", "finalizers", "managedFields")


def check(cluster: Cluster, kind: Kind, obj: Obj, old: Obj | None, user: User) -> None:
    """Raise 403 for a role or binding that gives more than its author has; 404 for a binding to no role."""
    if kind.group != GROUP or user.is_admin or (old is not None and _essence(obj) == _essence(old)):
        return
    namespace = obj["metadata"].get("namespace", "")
    if kind.name in _ROLES:
        wanted = Attributes("escalate", GROUP, kind.plural, namespace=namespace, name=obj["metadata"]["name"])
        rules = obj.get("rules") or []
    elif kind.name in _BINDINGS:
        role = obj["roleRef"]
        plural = "clusterroles" if role["kind"] == "ClusterRole" else "roles"
        wanted = Attributes("bind", GROUP, plural, namespace=namespace, name=role["name"])
        rules = None
    else:
        return
    if is_allowed(cluster, user, wanted):
        return
    if rules is None:
        stored = role_of(cluster, role, namespace)
        if stored is None:
            raise errors.not_found(cluster.registry.built_in(role["kind"]), role["name"])
        rules = stored.get("rules") or []
    own = rules_for(cluster, user, namespace)
    missing = [part for rule in rules for part in _parts(rule) if not any(_covers(mine, part) for mine in own)]
    if missing:
        raise errors.forbidden(kind, obj["metadata"]["name"], _text(user, missing))


def _essence(obj: Obj) -> Obj:
    return obj | {"metadata": {key: value for key, value in obj["metadata"].items() if key not in _COLLECTED}}


def _parts(rule: Obj) -> Iterator[Obj]:
    """A rule as rules of one verb, resource and name each."""
    verbs = rule.get("verbs") or ()
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in verbs:
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames") or ()
                yield from ({**part, "resourceNames": [name]} for name in names)
                if not names:
                    yield part
    for url in rule.get("nonResourceURLs") or ():
        yield from ({"nonResourceURLs": [url], "verbs": [verb]} for verb in verbs)


def _covers(rule: Obj, part: Obj) -> bool:
    def has(key: str, *others: str) -> bool:
        wanted = part.get(key) or ()
        return not wanted or bool({wanted[0], *others} & set(rule.get(key) or ()))

    resource = (part.get("resources") or [""])[0]
    subresource = [f"*/{resource.split('/', 1)[1]}"] if "/" in resource else []
    names = rule.get("resourceNames") or ()
    return (
        has("verbs", "*")
        and has("apiGroups", "*")
        and has("resources", "*", *subresource)
        and (not names or ("resourceNames" in part and part["resourceNames"][0] in names))
        and all(_covers_url(rule, url) for url in part.get("nonResourceURLs", ()))
    )


def _covers_url(rule: Obj, url: str) -> bool:
    paths = rule.get("nonResourceURLs") or ()
    return any(url == path or (path.endswith("*") and url.startswith(path.rstrip("*"))) for path in paths)


def _text(user: User, missing: list[Obj]) -> str:
    merged: dict[str, Obj] = {}
    for part in missing:
        place = json.dumps({key: value for key, value in part.items() if key != "verbs"})
        key = place if "resources" in part else json.dumps(part)
        known = merged.setdefault(key, part | {"verbs": []})
        known["verbs"] = known["verbs"] + part["verbs"]
    lines = sorted({_compact(rule) for rule in merged.values()})
    groups = _quoted(list(user.groups))
    return (
        f'user "{user.name}" (groups={groups}) is attempting to grant RBAC permissions not currently held:\n'
        + "\n".join(lines)
    )


def _compact(rule: Obj) -> str:
    titles = {
        "apiGroups": "APIGroups",
        "resources": "Resources",
        "nonResourceURLs": "NonResourceURLs",
        "resourceNames": "ResourceNames",
        "verbs": "Verbs",
    }
    return "{" + ", ".join(f"{title}:{_quoted(rule[key])}" for key, title in titles.items() if rule.get(key)) + "}"


def _quoted(texts: list[str]) -> str:
    return "[" + " ".join(json.dumps(text) for text in texts) + "]"
