"""Command lines and paths that many tests share."""

from __future__ import annotations

from typing import Any

NAMESPACE = "vineyard-system"
SYSTEM = f"/api/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
OURS = "/apis/k8s.v6d.io/v1alpha1"
VINEYARDDS = f"{OURS}/namespaces/{NAMESPACE}/vineyardds"
STORAGE_CLASS = f"{NAMESPACE}.vineyardd-sample.csi"

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "1")
DRIVER = ("deploy", "csidriver", "--clusters", f"{NAMESPACE}/vineyardd-sample")
DEPLOYMENT = ("deploy", "vineyard-deployment", "--create-namespace", "--replicas", "1")


def namespace(name: str) -> dict[str, Any]:
    """A namespace that a user makes."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def claim(
    name: str = "data", namespace: str = "default", storage_class: str = STORAGE_CLASS, **spec: Any
) -> dict[str, Any]:
    """A claim for a volume of the class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": storage_class,
            **spec,
        },
    }


def make(api: Any, path: str, obj: dict[str, Any]) -> dict[str, Any]:
    """Create an object as somebody else would."""
    reply = api.post(path, obj)
    assert reply.status == 201, reply.text
    return reply.json


def exists(api: Any, path: str) -> bool:
    """Whether there is an object."""
    return api.get(path).status == 200
