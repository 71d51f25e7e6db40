"""Claims and volumes: bound when they match, provisioned where a class says by whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..cluster import Cluster
from ..quantity import parse
from ..storage.selectors import matches
from ..storage.versions import Event
from . import actions

_NAME = "persistentvolume-controller"
_MANAGER = "kube-controller-manager"
_SELECTED = "volume.kubernetes.io/selected-node"
_PROVISIONED = "pv.kubernetes.io/provisioned-by"
_PREFIXES = ("/persistentvolumes", "storage.k8s.io/storageclasses", "storage.k8s.io/csidrivers")


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str, str]]:
    if event.prefix == "/persistentvolumeclaims":
        yield ("claim", *event.key)
        stored = event.current or event.previous
        name = stored.obj["spec"].get("volumeName", "") if stored else ""
        if name:
            yield ("volume", "", name)
    elif event.prefix in _PREFIXES:
        if event.prefix == "/persistentvolumes":
            yield ("volume", *event.key)
        elif event.prefix == "storage.k8s.io/csidrivers":
            for volume in actions.list_all(cluster, "PersistentVolume"):
                yield "volume", "", volume["metadata"]["name"]
        for claim in actions.list_all(cluster, "PersistentVolumeClaim"):
            if claim.get("status", {}).get("phase") != "Bound":
                yield "claim", claim["metadata"]["namespace"], claim["metadata"]["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str, str]) -> float | None:
    """Look at one claim or one volume."""
    what, namespace, name = key
    if what == "volume":
        await _volume(cluster, name)
        return None
    claim = actions.get(cluster, "PersistentVolumeClaim", namespace, name)
    if claim is None or "deletionTimestamp" in claim["metadata"]:
        return None
    if claim.get("status", {}).get("phase") == "Bound":
        await _grow(cluster, claim)
        return None
    volume = _matching(cluster, claim)
    if volume is None:
        volume = await _provision(cluster, claim)
    if volume is not None:
        await _bind(cluster, claim, volume)
    return None


def _matching(cluster: Cluster, claim: actions.Obj) -> actions.Obj | None:
    """The smallest volume that a claim can have."""
    spec, meta = claim["spec"], claim["metadata"]
    if spec.get("volumeName"):
        named = actions.get(cluster, "PersistentVolume", "", spec["volumeName"])
        return named if named is not None and _is_free_for(named, claim) else None
    storage_class = actions.get(cluster, "StorageClass", "", spec.get("storageClassName", ""))
    waits = storage_class is not None and storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    if waits and _SELECTED not in meta.get("annotations", {}):
        return None
    wanted = parse(spec["resources"]["requests"]["storage"])
    fitting = [
        volume
        for volume in actions.list_all(cluster, "PersistentVolume")
        if _is_free_for(volume, claim)
        and volume["spec"].get("storageClassName", "") == spec.get("storageClassName", "")
        and volume["spec"]["volumeMode"] == spec["volumeMode"]
        and set(spec["accessModes"]) <= set(volume["spec"]["accessModes"])
        and parse(volume["spec"]["capacity"]["storage"]) >= wanted
        and ("selector" not in spec or matches(spec["selector"], volume["metadata"].get("labels")))
    ]
    return min(fitting, key=lambda volume: parse(volume["spec"]["capacity"]["storage"]), default=None)


def _is_free_for(volume: actions.Obj, claim: actions.Obj) -> bool:
    if "deletionTimestamp" in volume["metadata"] or volume.get("status", {}).get("phase") in ("Released", "Failed"):
        return False
    reference = volume["spec"].get("claimRef")
    if reference is None:
        return True
    meta = claim["metadata"]
    named = (reference.get("namespace"), reference.get("name")) == (meta["namespace"], meta["name"])
    return named and reference.get("uid", meta["uid"]) == meta["uid"]


async def _provision(cluster: Cluster, claim: actions.Obj) -> actions.Obj | None:
    """A new volume from the claim's class, if the class's driver is there."""
    spec, meta = claim["spec"], claim["metadata"]
    name = spec.get("storageClassName", "")
    storage_class = actions.get(cluster, "StorageClass", "", name)
    if storage_class is None:
        if name:
            await actions.tell(
                cluster,
                _NAME,
                claim,
                "ProvisioningFailed",
                f'storageclass.storage.k8s.io "{name}" not found',
                "Warning",
            )
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            await actions.tell(cluster, _NAME, claim, "FailedBinding", text)
        return None
    provisioner = storage_class["provisioner"]
    waits = storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    if waits and _SELECTED not in meta.get("annotations", {}):
        text = "waiting for first consumer to be created before binding"
        await actions.tell(cluster, _NAME, claim, "WaitForFirstConsumer", text)
        return None
    if provisioner == "kubernetes.io/no-provisioner" or spec.get("volumeName"):
        return None
    if actions.get(cluster, "CSIDriver", "", provisioner) is None:
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered."
        )
        await actions.tell(cluster, _NAME, claim, "ExternalProvisioning", text)
        return None
    volume = await actions.make(cluster, "csi-provisioner", _new_volume(claim, storage_class))
    text = f"Successfully provisioned volume {volume['metadata']['name']}"
    await actions.tell(cluster, provisioner, claim, "ProvisioningSucceeded", text)
    return volume


def _new_volume(claim: actions.Obj, storage_class: actions.Obj) -> actions.Obj:
    meta, provisioner = claim["metadata"], storage_class["provisioner"]
    name = f"pvc-{meta['uid']}"
    attributes = {
        "storage.kubernetes.io/csiProvisionerIdentity": f"1-8081-{provisioner}",
        **storage_class.get("parameters", {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_PROVISIONED: provisioner}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "csi": {"driver": provisioner, "volumeHandle": name, "volumeAttributes": attributes},
            "persistentVolumeReclaimPolicy": storage_class["reclaimPolicy"],
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": claim["spec"]["volumeMode"],
            "claimRef": _reference(claim),
        },
    }


def _reference(claim: actions.Obj) -> actions.Obj:
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": meta["name"],
        "namespace": meta["namespace"],
        "uid": meta["uid"],
        "resourceVersion": meta["resourceVersion"],
    }


async def _bind(cluster: Cluster, claim: actions.Obj, volume: actions.Obj) -> None:
    name = volume["metadata"]["name"]
    if "uid" not in (volume["spec"].get("claimRef") or {}):
        await actions.change(
            cluster, _MANAGER, volume, lambda altered: altered["spec"].update(claimRef=_reference(claim))
        )
    volume = actions.get(cluster, "PersistentVolume", "", name) or volume
    actions.set_status(cluster, _MANAGER, volume, {**volume.get("status", {}), "phase": "Bound"})

    def take(altered: actions.Obj) -> None:
        altered["spec"]["volumeName"] = name
        altered["metadata"].setdefault("annotations", {})["pv.kubernetes.io/bind-completed"] = "yes"

    bound = await actions.change(cluster, _MANAGER, claim, take)
    if bound is not None:
        status: dict[str, Any] = {
            "phase": "Bound",
            "accessModes": volume["spec"]["accessModes"],
            "capacity": volume["spec"]["capacity"],
        }
        actions.set_status(cluster, _MANAGER, bound, status)


async def _grow(cluster: Cluster, claim: actions.Obj) -> None:
    """A bound claim that asks for more gets it."""
    wanted = claim["spec"]["resources"]["requests"]["storage"]
    volume = actions.get(cluster, "PersistentVolume", "", claim["spec"]["volumeName"])
    if volume is None:
        actions.set_status(cluster, _MANAGER, claim, {**claim["status"], "phase": "Lost"})
    elif parse(wanted) > parse(claim["status"].get("capacity", {}).get("storage", "0")):
        await actions.change(
            cluster, _MANAGER, volume, lambda altered: altered["spec"]["capacity"].update(storage=wanted)
        )
        actions.set_status(cluster, _MANAGER, claim, {**claim["status"], "capacity": {"storage": wanted}})


async def _volume(cluster: Cluster, name: str) -> None:
    """A volume is available, bound, or released when its claim is gone."""
    volume = actions.get(cluster, "PersistentVolume", "", name)
    if volume is None or "deletionTimestamp" in volume["metadata"]:
        return
    reference, phase = volume["spec"].get("claimRef"), volume.get("status", {}).get("phase")
    if reference is None or "uid" not in reference:
        if phase != "Available":
            actions.set_status(cluster, _MANAGER, volume, {"phase": "Available"})
        return
    claim = actions.get(cluster, "PersistentVolumeClaim", reference["namespace"], reference["name"])
    if claim is not None and claim["metadata"]["uid"] == reference["uid"]:
        return
    if phase != "Released":
        actions.set_status(cluster, _MANAGER, volume, {"phase": "Released"})
    provisioned = _PROVISIONED in volume["metadata"].get("annotations", {})
    # Only the driver can delete what is in it; without one the volume waits.
    driver = (volume["spec"].get("csi") or {}).get("driver")
    is_served = driver is None or actions.get(cluster, "CSIDriver", "", driver) is not None
    if volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete" and provisioned and is_served:
        await actions.remove(cluster, volume)
