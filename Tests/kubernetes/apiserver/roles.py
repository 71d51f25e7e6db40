"""The roles for people that every cluster has: view, edit and admin, which others may add to (aggregation)."""

from __future__ import annotations

from typing import Any

_PREFIX = "rbac.authorization.k8s.io/aggregate-to-"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]

_SEEN = {
    "": [
        "configmaps",
        "endpoints",
        "persistentvolumeclaims",
        "persistentvolumeclaims/status",
        "pods",
        "replicationcontrollers",
        "serviceaccounts",
        "services",
        "services/status",
        "bindings",
        "events",
        "limitranges",
        "namespaces",
        "namespaces/status",
        "pods/log",
        "pods/status",
        "resourcequotas",
        "resourcequotas/status",
    ],
    "apps": [
        "controllerrevisions",
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "statefulsets",
        "statefulsets/scale",
        "statefulsets/status",
    ],
    "autoscaling": ["horizontalpodautoscalers", "horizontalpodautoscalers/status"],
    "batch": ["cronjobs", "cronjobs/status", "jobs", "jobs/status"],
    "discovery.k8s.io": ["endpointslices"],
    "policy": ["poddisruptionbudgets", "poddisruptionbudgets/status"],
    "networking.k8s.io": ["ingresses", "ingresses/status", "networkpolicies"],
}
_CHANGED = {
    "": [
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "secrets",
        "serviceaccounts",
        "services",
        "pods/attach",
        "pods/exec",
        "pods/portforward",
        "pods/proxy",
    ],
    "apps": ["daemonsets", "deployments", "deployments/scale", "replicasets", "statefulsets", "statefulsets/scale"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "policy": ["poddisruptionbudgets"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
}
_SENSITIVE = {"": ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]}


def cluster_roles() -> dict[str, dict[str, Any]]:
    """ClusterRoles by name, without their metadata's uid and time."""
    view = _rules(_SEEN, _READ)
    edit = _rules(_CHANGED, _WRITE) + _rules(_SENSITIVE, _READ)
    admin = _rules({"rbac.authorization.k8s.io": ["rolebindings", "roles"]}, _READ + _WRITE)
    return {
        "system:aggregate-to-view": {"labels": {_PREFIX + "view": "true"}, "rules": view},
        "system:aggregate-to-edit": {"labels": {_PREFIX + "edit": "true"}, "rules": edit},
        "system:aggregate-to-admin": {"labels": {_PREFIX + "admin": "true"}, "rules": admin},
        "view": {"labels": {_PREFIX + "edit": "true"}, "aggregates": _PREFIX + "view"},
        "edit": {"labels": {_PREFIX + "admin": "true"}, "aggregates": _PREFIX + "edit"},
        "admin": {"labels": {}, "aggregates": _PREFIX + "admin"},
    }


def _rules(resources: dict[str, list[str]], verbs: list[str]) -> list[dict[str, Any]]:
    return [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, names in resources.items()]
