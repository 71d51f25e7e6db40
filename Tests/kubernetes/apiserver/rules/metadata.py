"""Rules of metadata, the same for every kind."""

from __future__ import annotations

from typing import Any

from ..fielderrors import FieldError, duplicate, invalid
from ..kinds import Kind
from . import names

_RBAC = "rbac.authorization.k8s.io"
_ANNOTATIONS_LIMIT = 256 * 1024


def metadata_errors(kind: Kind, metadata: dict[str, Any]) -> list[FieldError]:
    """What is wrong with an object's metadata."""
    name = metadata["name"]
    if kind.group == _RBAC:
        found = list(names.path_segment("metadata.name", name))
    elif kind.name == "Namespace" and not kind.group:
        found = list(names.label("metadata.name", name))
    elif kind.name == "Service" and not kind.group:
        found = list(names.service_name("metadata.name", name))
    else:
        found = list(names.subdomain("metadata.name", name))
    found += names.labels("metadata.labels", metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        found += names.qualified("metadata.annotations", key.lower())
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        found.append(
            FieldError(
                "metadata.annotations",
                "FieldValueTooLong",
                f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes",
            )
        )
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        found += names.qualified("metadata.finalizers", finalizer)
        if (
            "/" not in finalizer
            and finalizer not in ("orphan", "foregroundDeletion", "kubernetes")
            and "." not in finalizer
        ):
            found.append(
                invalid(
                    f"metadata.finalizers[{index}]",
                    finalizer,
                    "name is neither a standard finalizer name nor is it fully qualified",
                )
            )
    return found + _owner_errors(metadata.get("ownerReferences") or [])


def _owner_errors(references: list[dict[str, Any]]) -> list[FieldError]:
    found: list[FieldError] = []
    controllers = [reference for reference in references if reference.get("controller")]
    for reference in references:
        for name in ("apiVersion", "kind", "name", "uid"):
            if reference.get(name) == "":
                found.append(invalid(f"metadata.ownerReferences.{name}", "", "must not be empty"))
    if len(controllers) > 1:
        kinds = " and ".join(f"{reference['kind']}/{reference['name']}" for reference in controllers[:2])
        found.append(
            invalid(
                "metadata.ownerReferences",
                references,
                f'Only one reference can have Controller set to true. Found "true" in references for {kinds}',
            )
        )
    return found


def immutable(field: str, old: Any, new: Any) -> list[FieldError]:
    """An error if a field that cannot change did."""
    return [] if old == new else [invalid(field, new, "field is immutable")]


def unique(field: str, values: list[Any], key: str = "name") -> list[FieldError]:
    """An error per item of a list whose key an earlier item has."""
    found, seen = [], set()
    for index, item in enumerate(values):
        value = item.get(key)
        if value in seen:
            found.append(duplicate(f"{field}[{index}].{key}", value))
        seen.add(value)
    return found
