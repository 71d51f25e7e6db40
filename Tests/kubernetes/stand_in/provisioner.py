"""The provisioners of all storage classes: claims get a volume, volumes nobody wants any more go."""

from __future__ import annotations

from typing import Any

from apiserver.client import Client

Obj = dict[str, Any]
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_NODE = "volume.kubernetes.io/selected-node"
_VOLUMES = "/api/v1/persistentvolumes"


class Provisioner:
    """Follows claims and volumes; the control plane binds what is made here."""

    def __init__(self, api: Client) -> None:
        self._api = api

    def claim(self, claim: Obj | None) -> None:
        """Make the volume that a claim asks for, once it is known where it is needed."""
        if claim is None or "volumeName" in claim["spec"] or "deletionTimestamp" in claim["metadata"]:
            return
        notes = claim["metadata"].get("annotations", {})
        reply = self._api.get(f"/apis/storage.k8s.io/v1/storageclasses/{claim['spec'].get('storageClassName')}")
        if reply.status != 200 or _PROVISIONER not in notes:
            return
        storage_class = reply.json
        if storage_class.get("volumeBindingMode") != "Immediate" and _NODE not in notes:
            return
        self._api.post(_VOLUMES, _volume(claim, storage_class))

    def volume(self, volume: Obj | None) -> None:
        """Delete a volume whose claim is gone."""
        if volume is None or "deletionTimestamp" in volume["metadata"]:
            return
        released = volume.get("status", {}).get("phase") == "Released"
        if released and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
            self._api.delete(f"{_VOLUMES}/{volume['metadata']['name']}")


def _volume(claim: Obj, storage_class: Obj) -> Obj:
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        **{k: meta[k] for k in ("namespace", "name", "uid")},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": storage_class["provisioner"]}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": reference,
            "csi": {"driver": storage_class["provisioner"], "volumeHandle": name},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
        },
    }
