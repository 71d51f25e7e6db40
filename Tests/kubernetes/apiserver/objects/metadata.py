"""Metadata that the server owns: set at creation, kept at updates."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from typing import Any

from .. import errors
from ..clock import now
from ..fielderrors import FieldError, forbidden, invalid
from ..kinds import Kind

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_WITH_GENERATION = frozenset(
    "Deployment ReplicaSet StatefulSet DaemonSet Job CronJob PodDisruptionBudget NetworkPolicy Ingress "
    "MutatingWebhookConfiguration ValidatingWebhookConfiguration CustomResourceDefinition PriorityClass "
    "ReplicationController IngressClass EndpointSlice".split()
)
_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "name",
    "namespace",
    "generateName",
)
_NEEDS_REVISION = frozenset(
    "Lease CustomResourceDefinition MutatingWebhookConfiguration ValidatingWebhookConfiguration CSIDriver "
    "PodDisruptionBudget CSIStorageCapacity".split()
)


def suffix(length: int = 5) -> str:
    """A random ending of a generated name."""
    return "".join(random.choices(_SUFFIX, k=length))


def prepare_new(kind: Kind, obj: dict[str, Any]) -> None:
    """Give a new object what only the server gives. Raises 400 or 422."""
    metadata = obj["metadata"]
    if metadata.get("resourceVersion"):
        raise errors.ApiError(500, "", "resourceVersion should not be set on objects to be created")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + suffix()
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "managedFields"):
        metadata.pop(name, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = now()
    metadata.pop("generation", None)
    if has_generation(kind):
        metadata["generation"] = 1


def has_generation(kind: Kind) -> bool:
    return kind.custom is not None or kind.name in _WITH_GENERATION


def keep(kind: Kind, obj: dict[str, Any], old: dict[str, Any]) -> None:
    """Put back what an update cannot change. Raises 409 for a stale resourceVersion or another uid."""
    metadata, before = obj["metadata"], old["metadata"]
    given = metadata.get("resourceVersion")
    if given in (None, "", "0"):
        if kind.custom is not None or kind.name in _NEEDS_REVISION:
            error = invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(replace(kind, name=kind.plural), before["name"], [error])
    elif given != before["resourceVersion"]:
        raise errors.modified(kind, before["name"])
    where = "/".join(filter(None, (before.get("namespace"), before["name"])))
    if metadata.get("uid", before["uid"]) != before["uid"]:
        raise errors.conflict(
            kind,
            before["name"],
            f"StorageError: invalid object, Code: 4, Key: /registry/{kind.plural}/{where}, ResourceVersion: 0, "
            f"AdditionalErrorMsg: Precondition failed: UID in precondition: {metadata['uid']}, "
            f"UID in object meta: {before['uid']}",
        )
    for name in _KEPT:
        metadata.pop(name, None)
        if name in before:
            metadata[name] = before[name]
    metadata["resourceVersion"] = before["resourceVersion"]
    metadata.pop("generation", None)
    if "generation" in before:
        metadata["generation"] = before["generation"]


def bump_generation(kind: Kind, obj: dict[str, Any], old: dict[str, Any]) -> None:
    """One generation more when anything but metadata (and status) changed."""
    if not has_generation(kind):
        return
    ignored = {"metadata", "status"} if kind.status or kind.custom is None else {"metadata"}
    strip = lambda whole: {key: value for key, value in whole.items() if key not in ignored}  # noqa: E731
    if strip(obj) != strip(old):
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def update_errors(obj: dict[str, Any], old: dict[str, Any]) -> list[FieldError]:
    """What an update may not do to metadata."""
    if "deletionTimestamp" not in old["metadata"]:
        return []
    added = set(obj["metadata"].get("finalizers", ())) - set(old["metadata"].get("finalizers", ()))
    if not added:
        return []
    names = ", ".join(f'"{name}"' for name in sorted(added))
    return [
        forbidden(
            "metadata.finalizers",
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{names}}}",
        )
    ]
