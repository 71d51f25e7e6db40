"""Protection of claims and volumes in use: their finalizers go when nothing uses them."""

from __future__ import annotations

from collections.abc import Iterator

from ..cluster import Cluster
from ..storage.versions import Event
from . import actions

CLAIM, VOLUME = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str, str]]:
    if event.prefix == "/persistentvolumeclaims":
        yield ("PersistentVolumeClaim", *event.key)
        stored = event.current or event.previous
        if stored is not None and stored.obj["spec"].get("volumeName"):
            yield "PersistentVolume", "", stored.obj["spec"]["volumeName"]
    elif event.prefix == "/persistentvolumes":
        yield ("PersistentVolume", *event.key)
    elif event.prefix == "/pods":
        stored = event.current or event.previous
        for name in _claims(stored.obj) if stored else ():
            yield "PersistentVolumeClaim", event.key[0], name


def _claims(pod: actions.Obj) -> list[str]:
    volumes = pod["spec"].get("volumes") or ()
    named = [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]
    own = [f"{pod['metadata']['name']}-{volume['name']}" for volume in volumes if "ephemeral" in volume]
    return named + own


async def reconcile(cluster: Cluster, key: tuple[str, str, str]) -> float | None:
    """Let a claim or volume go that is being deleted and not in use."""
    kind, namespace, name = key
    obj = actions.get(cluster, kind, namespace, name)
    if obj is None or "deletionTimestamp" not in obj["metadata"]:
        return None
    finalizer = CLAIM if kind == "PersistentVolumeClaim" else VOLUME
    if finalizer not in obj["metadata"].get("finalizers", ()):
        return None
    if not (_claim_in_use(cluster, obj) if kind == "PersistentVolumeClaim" else _volume_in_use(cluster, obj)):
        await actions.drop_finalizer(cluster, "kube-controller-manager", obj, finalizer)
    return None


def _claim_in_use(cluster: Cluster, claim: actions.Obj) -> bool:
    """Whether a pod that was placed names the claim. One that has ended counts until it is deleted."""
    meta = claim["metadata"]
    return any(
        meta["name"] in _claims(pod) and pod["spec"].get("nodeName")
        for pod in actions.list_all(cluster, "Pod", meta["namespace"])
    )


def _volume_in_use(cluster: Cluster, volume: actions.Obj) -> bool:
    reference = volume["spec"].get("claimRef")
    if reference is None:
        return False
    claim = actions.get(cluster, "PersistentVolumeClaim", reference.get("namespace", ""), reference["name"])
    return claim is not None and claim["spec"].get("volumeName") == volume["metadata"]["name"]
