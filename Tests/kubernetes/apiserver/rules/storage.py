"""Rules of volumes, claims, classes, CSI drivers, secrets and config maps."""

from __future__ import annotations

import re
from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, required, unsupported
from ..quantity import parse
from . import names
from .metadata import immutable
from .pods import selector_errors

Old = dict[str, Any] | None
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_LIMIT = 1024 * 1024
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def config_map_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    found = _key_errors(obj.get("data") or {}, "data") + _key_errors(obj.get("binaryData") or {}, "binaryData")
    for key in set(obj.get("data") or {}) & set(obj.get("binaryData") or {}):
        found.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    size = sum(len(value.encode()) for value in (obj.get("data") or {}).values())
    if size > _LIMIT:
        found.append(FieldError("", "FieldValueTooLong", f"Too long: must have at most {_LIMIT} bytes"))
    return found + _frozen(obj, old, ("data", "binaryData"))


def secret_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    data = obj.get("data") or {}
    found = _key_errors(data, "data")
    needed = {
        "kubernetes.io/tls": ("tls.crt", "tls.key"),
        "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
        "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    }
    found += [required(f"data[{key}]") for key in needed.get(obj["type"], ()) if key not in data]
    if old is not None:
        found += immutable("type", old["type"], obj["type"])
    return found + _frozen(obj, old, ("data",))


def _key_errors(values: dict[str, Any], field: str) -> list[FieldError]:
    return [
        invalid(f"{field}[{key}]", key, _KEY_RULE)
        for key in values
        if not _KEY.match(key) or key in (".", "..") or len(key) > 253
    ]


def _frozen(obj: dict[str, Any], old: Old, fields: tuple[str, ...]) -> list[FieldError]:
    if old is None or not old.get("immutable"):
        return []
    found = [] if obj.get("immutable") else [forbidden("immutable", "field is immutable when `immutable` is set")]
    return found + [
        forbidden(field, "field is immutable when `immutable` is set")
        for field in fields
        if obj.get(field) != old.get(field)
    ]


def claim_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = _mode_errors(spec.get("accessModes"))
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        found.append(required("spec.resources[storage]"))
    elif parse(storage) <= 0:
        found.append(invalid("spec.resources[storage]", storage, "must be greater than zero"))
    if spec.get("storageClassName"):
        found += names.subdomain("spec.storageClassName", spec["storageClassName"])
    if "selector" in spec:
        found += selector_errors(spec["selector"], "spec.selector")
    return found + (_claim_changes(obj, old) if old is not None else [])


def _claim_changes(obj: dict[str, Any], old: dict[str, Any]) -> list[FieldError]:
    def rest(spec: dict[str, Any]) -> dict[str, Any]:
        free = ("resources", "volumeAttributesClassName", *(() if old["spec"].get("volumeName") else ("volumeName",)))
        return {key: value for key, value in spec.items() if key not in free}

    found = []
    if rest(obj["spec"]) != rest(old["spec"]):
        found.append(
            forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            )
        )
    before = old["spec"].get("resources", {}).get("requests", {}).get("storage", "0")
    after = obj["spec"].get("resources", {}).get("requests", {}).get("storage", "0")
    bound = old.get("status", {}).get("phase") == "Bound"
    if before != after and not bound:
        found.append(
            forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            )
        )
    elif parse(after) < parse(before):
        found.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
    return found


def volume_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = _mode_errors(spec.get("accessModes"))
    if "storage" not in (spec.get("capacity") or {}):
        found.append(required("spec.capacity"))
    sources = [name for name in spec if name in _SOURCES]
    if not sources:
        found.append(required("spec", "must specify a volume type"))
    elif len(sources) > 1:
        found.append(forbidden(f"spec.{sources[1]}", "may not specify more than 1 volume type"))
    policies = ("Delete", "Recycle", "Retain")
    if spec["persistentVolumeReclaimPolicy"] not in policies:
        found.append(unsupported("spec.persistentVolumeReclaimPolicy", spec["persistentVolumeReclaimPolicy"], policies))
    if old is not None:
        for name in sources or _SOURCES:
            if spec.get(name) != old["spec"].get(name):
                found.append(
                    forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")
                )
    return found


_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
).split()


def _mode_errors(modes: list[str] | None) -> list[FieldError]:
    if not modes:
        return [required("spec.accessModes", "at least 1 access mode is required")]
    found = [unsupported("spec.accessModes", mode, _MODES) for mode in modes if mode not in _MODES]
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        found.append(forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
    return found


def class_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    found = []
    if not obj.get("provisioner"):
        found.append(required("provisioner"))
    else:
        found += names.qualified("provisioner", obj["provisioner"].lower())
    if obj["reclaimPolicy"] not in ("Delete", "Retain"):
        found.append(unsupported("reclaimPolicy", obj["reclaimPolicy"], ("Delete", "Retain")))
    if obj["volumeBindingMode"] not in ("Immediate", "WaitForFirstConsumer"):
        found.append(unsupported("volumeBindingMode", obj["volumeBindingMode"], ("Immediate", "WaitForFirstConsumer")))
    if old is not None:
        if (obj.get("parameters") or {}) != (old.get("parameters") or {}):
            found.append(forbidden("parameters", "updates to parameters are forbidden."))
        if obj["provisioner"] != old["provisioner"]:
            found.append(forbidden("provisioner", "updates to provisioner are forbidden."))
        if obj["reclaimPolicy"] != old["reclaimPolicy"]:
            found.append(forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."))
        found += immutable("volumeBindingMode", old["volumeBindingMode"], obj["volumeBindingMode"])
    return found


def csi_driver_errors(obj: dict[str, Any], old: Old) -> list[FieldError]:
    spec = obj["spec"]
    found = []
    policies = ("File", "None", "ReadWriteOnceWithFSType")
    if spec["fsGroupPolicy"] not in policies:
        found.append(unsupported("spec.fsGroupPolicy", spec["fsGroupPolicy"], policies))
    for mode in spec["volumeLifecycleModes"]:
        if mode not in ("Persistent", "Ephemeral"):
            found.append(unsupported("spec.volumeLifecycleModes", mode, ("Persistent", "Ephemeral")))
    if old is not None:
        found += immutable("spec.attachedRequired", old["spec"]["attachRequired"], spec["attachRequired"])
        found += immutable(
            "spec.volumeLifecycleModes", old["spec"]["volumeLifecycleModes"], spec["volumeLifecycleModes"]
        )
    return found
