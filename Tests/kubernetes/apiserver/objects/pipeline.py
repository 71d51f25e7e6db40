"""What every write goes through between decoding and storage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import errors
from ..access import escalation
from ..admission import plugins, webhooks
from ..cluster import Cluster
from ..kinds import Kind
from ..merge import ownership
from ..merge.fields import Path
from ..rules import object_errors
from ..rules.warnings import warnings_of
from ..storage.versions import Stored
from . import metadata
from .write import Write


def key_of(obj: dict[str, Any]) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def existing(cluster: Cluster, kind: Kind, namespace: str, name: str) -> Stored:
    """The stored object. Raises 404."""
    stored = cluster.store.get(kind.stored, (namespace, name))
    if stored is None:
        raise errors.not_found(kind, name)
    return stored


async def admit(
    cluster: Cluster, kind: Kind, obj: dict[str, Any], old: dict[str, Any] | None, write: Write, subresource: str = ""
) -> dict[str, Any]:
    """The object after admission and validation. Raises what refuses it."""
    plugins.admit(cluster, kind, obj, old, write, subresource)
    escalation.check(cluster, kind, obj, old, write.user)
    obj = await webhooks.admit(cluster, kind, obj, old, write, subresource)
    if old is None:
        plugins.check_namespace(cluster, kind, obj)
    problems = metadata.update_errors(obj, old) if old is not None else []
    if cluster.settings.validate:
        problems += object_errors(cluster, kind, obj, old, subresource)
    if kind.custom is None and not subresource:
        write.warnings += warnings_of(kind.name, obj)
    if problems:
        raise errors.invalid(kind, obj["metadata"].get("name", ""), problems)
    return obj


def in_scope(kind: Kind, subresource: str) -> Callable[[Path], bool]:
    """Which fields a write through the main resource or a subresource can own."""
    if subresource == "status":
        return lambda path: path[0] == "f:status"
    if kind.status:
        return lambda path: path[0] != "f:status"
    return lambda path: True


def own_update(
    cluster: Cluster, kind: Kind, obj: dict[str, Any], old: dict[str, Any] | None, write: Write, subresource: str
) -> None:
    """Record a writer that updates (or creates) in managedFields.

    The main resource may bring managedFields of its own; an empty list, or one of an empty entry, ends the recording.
    """
    meta = obj["metadata"]
    given = meta.get("managedFields") if not subresource else None
    if old is not None and given in ([], [{}]):
        del meta["managedFields"]
        return
    before = old if old is not None else {"metadata": {}}
    if not write.manager:
        return
    if old is not None and not given and "managedFields" not in old["metadata"]:
        return
    owners = ownership.after_update(
        cluster.registry.node(kind),
        ownership.owners_of(obj if given and old is not None else before),
        before,
        obj,
        (write.manager, kind.api_version, subresource),
        in_scope(kind, subresource),
    )
    set_managed(obj, ownership.entries(owners))


def set_managed(obj: dict[str, Any], managed: list[dict[str, Any]]) -> None:
    obj["metadata"].pop("managedFields", None)
    if managed:
        obj["metadata"]["managedFields"] = managed


def commit(cluster: Cluster, kind: Kind, obj: dict[str, Any], old: Stored | None, write: Write) -> Stored:
    """Store a version, unless nothing changed or the write is a dry run.

    Raises 409 if somebody else wrote meanwhile.
    """
    key = key_of(obj)
    current = cluster.store.get(kind.stored, key)
    if old is None:
        write.created = True
        if current is not None:
            raise errors.already_exists(kind, key[1])
    elif current is not old:
        raise errors.modified(kind, key[1]) if current else errors.not_found(kind, key[1])
    elif _same(obj, old.obj):
        return old
    if write.dry_run:
        return Stored(obj, cluster.store.revision)
    if old is not None and "deletionTimestamp" in obj["metadata"] and _is_over(kind, obj):
        return cluster.store.remove(kind.stored, key, obj)
    return cluster.store.put(kind.stored, key, obj)


def _is_over(kind: Kind, obj: dict[str, Any]) -> bool:
    """Whether nothing keeps an object that is being deleted."""
    if obj["metadata"].get("finalizers") or obj["metadata"].get("deletionGracePeriodSeconds", 0) > 0:
        return False
    return kind.name != "Namespace" or kind.group != "" or not obj.get("spec", {}).get("finalizers")


def _same(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether two versions differ in nothing but the times of managedFields."""
    if new == old:
        return True
    strip = lambda obj: obj | {"metadata": {**obj["metadata"], "managedFields": None}}  # noqa: E731
    if strip(new) != strip(old):
        return False
    timeless = lambda obj: sorted(  # noqa: E731
        (
            {key: value for key, value in entry.items() if key != "time"}
            for entry in obj["metadata"].get("managedFields", ())
        ),
        key=lambda entry: (entry["manager"], entry["operation"], entry.get("subresource", "")),
    )
    return timeless(new) == timeless(old)
