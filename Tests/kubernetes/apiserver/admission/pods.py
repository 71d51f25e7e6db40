"""Admission of pods: service account, priority and default tolerations."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from ..objects.metadata import suffix

_SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def admit(cluster: Cluster, kind: Kind, obj: dict[str, Any]) -> None:
    """Fill in what the server adds to every new pod, or refuse the pod."""
    _set_account(cluster, kind, obj)
    _set_priority(cluster, kind, obj)
    tolerations = obj["spec"].setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(t.get("key") in (key, None) and t.get("effect") in ("NoExecute", None) for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def _set_account(cluster: Cluster, kind: Kind, obj: dict[str, Any]) -> None:
    spec, meta = obj["spec"], obj["metadata"]
    account = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    stored = cluster.store.get("/serviceaccounts", (meta["namespace"], account))
    if stored is None:
        raise errors.forbidden(
            kind,
            meta["name"],
            f'error looking up service account {meta["namespace"]}/{account}: serviceaccount "{account}" not found',
        )
    if "imagePullSecrets" not in spec and stored.obj.get("imagePullSecrets"):
        spec["imagePullSecrets"] = list(stored.obj["imagePullSecrets"])
    if spec.get("automountServiceAccountToken", stored.obj.get("automountServiceAccountToken", True)):
        _mount_token(spec)


def _mount_token(spec: dict[str, Any]) -> None:
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    wanting = [
        container
        for container in containers
        if all(mount.get("mountPath") != _TOKEN_PATH for mount in container.get("volumeMounts") or ())
    ]
    if not wanting:
        return
    name = f"kube-api-access-{suffix()}"
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
    spec.setdefault("volumes", []).append({"name": name, "projected": {"sources": sources, "defaultMode": 0o644}})
    for container in wanting:
        mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_PATH}
        container.setdefault("volumeMounts", []).append(mount)


def _set_priority(cluster: Cluster, kind: Kind, obj: dict[str, Any]) -> None:
    spec, name = obj["spec"], obj["spec"].get("priorityClassName", "")
    if not name:
        spec.setdefault("priority", 0)
        spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
        return
    stored = cluster.store.get("scheduling.k8s.io/priorityclasses", ("", name))
    if stored is None and name not in _SYSTEM_CLASSES:
        raise errors.forbidden(kind, obj["metadata"]["name"], f"no PriorityClass with name {name} was found")
    spec["priority"] = stored.obj["value"] if stored else _SYSTEM_CLASSES[name]
    spec["preemptionPolicy"] = (stored.obj if stored else {}).get("preemptionPolicy", "PreemptLowerPriority")
