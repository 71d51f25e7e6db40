"""The admission plugins of the genuine server that clients notice."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..cluster import Cluster
from ..errors import ApiError
from ..kinds import Kind
from ..objects.write import Write
from . import addresses, limits, pod_security, pods

_PROTECTED = ("default", "kube-system", "kube-public")
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_GUARDED = {"PersistentVolumeClaim": "kubernetes.io/pvc-protection", "PersistentVolume": "kubernetes.io/pv-protection"}


def admit(
    cluster: Cluster, kind: Kind, obj: dict[str, Any], old: dict[str, Any] | None, write: Write, subresource: str
) -> None:
    """Change an object in place, or refuse it."""
    if kind.custom is not None or subresource:
        return
    if kind.name == "Service":
        addresses.allocate(cluster, obj, old)
    write.warnings += pod_security.admit(cluster, kind, obj)
    if old is not None:
        return
    if kind.name == "Pod":
        pods.admit(cluster, kind, obj)
        limits.admit(cluster, kind, obj)
    elif kind.name in _GUARDED:
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if _GUARDED[kind.name] not in finalizers:
            finalizers.append(_GUARDED[kind.name])
        if kind.name == "PersistentVolumeClaim" and "storageClassName" not in obj["spec"]:
            _default_class(cluster, obj)
    elif kind.name == "Job":
        _label_job(obj)


def check_namespace(cluster: Cluster, kind: Kind, obj: dict[str, Any]) -> None:
    """Refuse a new object in a namespace that isn't there or is going."""
    if not kind.namespaced:
        return
    name = obj["metadata"]["namespace"]
    stored = cluster.store.get("/namespaces", ("", name))
    if stored is None:
        raise errors.not_found(cluster.registry.built_in("Namespace"), name)
    if "deletionTimestamp" in stored.obj["metadata"]:
        error = errors.forbidden(
            kind,
            obj["metadata"]["name"],
            f"unable to create new content in namespace {name} because it is being terminated",
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        error.details = (error.details or {}) | {"causes": [cause]}
        raise error


def check_deletion(kind: Kind, obj: dict[str, Any]) -> None:
    """Refuse the deletion of the system's own namespaces."""
    if kind.name == "Namespace" and kind.custom is None and obj["metadata"]["name"] in _PROTECTED:
        raise ApiError(
            403,
            "Forbidden",
            f'namespaces "{obj["metadata"]["name"]}" is forbidden: this namespace may not be deleted',
            {"name": obj["metadata"]["name"], "kind": "namespaces"},
        )


def _default_class(cluster: Cluster, obj: dict[str, Any]) -> None:
    for stored in cluster.store.select("storage.k8s.io/storageclasses"):
        if stored.obj["metadata"].get("annotations", {}).get(_DEFAULT_CLASS) == "true":
            obj["spec"]["storageClassName"] = stored.obj["metadata"]["name"]


def _label_job(obj: dict[str, Any]) -> None:
    """The selector and pod labels that tie a Job's pods to it."""
    spec, meta = obj.get("spec") or {}, obj["metadata"]
    if spec.get("manualSelector") or not isinstance(spec.get("template"), dict):
        return
    spec.setdefault("selector", {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}})
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(f"{prefix}controller-uid", meta["uid"])
        labels.setdefault(f"{prefix}job-name", meta["name"])
    meta["labels"] = {**labels, **meta.get("labels", {})}
