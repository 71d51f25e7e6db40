"""Server-side apply."""

from __future__ import annotations

from typing import Any

from .. import errors, fielderrors
from ..clock import now
from ..cluster import Cluster
from ..errors import ApiError
from ..kinds import Kind
from ..merge import ownership
from ..merge.apply import check_typed, merged, without
from ..merge.fields import Path, leaves
from ..merge.ownership import Owner
from ..schema.node import Node
from ..storage.versions import Stored
from . import incoming, pipeline
from .create import store_new
from .nameless import PATCH_OPTIONS
from .update import store_changed
from .write import Write

_TRIES = 5


async def apply(
    cluster: Cluster, kind: Kind, namespace: str, name: str, body: Any, write: Write, subresource: str = ""
) -> Stored:
    """Apply a configuration for a field manager. Raises 409 for fields that others own."""
    _check_request(kind, body, name, write)
    node = cluster.registry.node(kind)
    _check_types(kind, node, body)
    body = {**body, "metadata": dict(body["metadata"])}
    incoming.check_address(kind, body, namespace, name)
    for attempt in range(_TRIES):
        stored = cluster.store.get(kind.stored, (namespace, name))
        try:
            return await _apply_once(cluster, kind, node, body, stored, write, subresource)
        except ApiError as error:
            own = error.details is not None and "causes" in error.details
            if error.code != 409 or own or body["metadata"].get("resourceVersion") or attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _check_request(kind: Kind, body: Any, name: str, write: Write) -> None:
    if not write.manager:
        raise errors.invalid(PATCH_OPTIONS, "", [fielderrors.required("fieldManager", "is required for apply patch")])
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding YAML: cannot unmarshal into Go value of type map[string]interface {}")
    if not body.get("apiVersion") or not body.get("kind"):
        raise errors.bad_request("invalid object type: /, Kind=")
    if (body["apiVersion"], body["kind"]) != (kind.api_version, kind.name):
        version = body["apiVersion"] if "/" in body["apiVersion"] else f"/{body['apiVersion']}"
        raise errors.bad_request(f"invalid object type: {version}, Kind={body['kind']}")
    meta = body.get("metadata") or {}
    if not meta.get("name"):
        raise errors.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if meta.get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")


def _check_types(kind: Kind, node: Node, body: dict[str, Any]) -> None:
    problems = check_typed(node, body)
    if not problems:
        return
    meta = body.get("metadata") or {}
    where = f"{meta.get('namespace', '')}/{meta.get('name', '')}"
    text = problems[0] if len(problems) == 1 else "errors:\n  " + "\n  ".join(problems)
    version = kind.api_version if kind.group else f"/{kind.version}"
    message = f"failed to create typed patch object ({where}; {version}, Kind={kind.name}): {text}"
    raise ApiError(500, "", message)


async def _apply_once(
    cluster: Cluster,
    kind: Kind,
    node: Node,
    body: dict[str, Any],
    stored: Stored | None,
    write: Write,
    subresource: str,
) -> Stored:
    scope = pipeline.in_scope(kind, subresource)
    paths = frozenset(path for path in leaves(node, _without_nulls(body)) if scope(path))
    identity = (write.manager, "Apply", kind.api_version, subresource)
    if stored is None:
        if subresource:
            raise errors.not_found(kind, body["metadata"]["name"])
        if body["metadata"].get("uid"):
            raise errors.conflict(
                kind,
                body["metadata"]["name"],
                "uid mismatch: the provided object specified uid "
                f"{body['metadata']['uid']}, and no existing object was found",
            )
        obj, _ = incoming.typed(cluster, kind, body)
        managed = ownership.entries([Owner(*identity, now(), paths)])
        return await store_new(cluster, kind, incoming.with_defaults(cluster, kind, obj), write, managed)
    if (
        body["metadata"].get("resourceVersion", stored.obj["metadata"]["resourceVersion"])
        != stored.obj["metadata"]["resourceVersion"]
    ):
        raise errors.modified(kind, body["metadata"]["name"])
    obj, managed = _merged_with(kind, node, body, stored, identity, paths, write, scope)
    obj, _ = incoming.typed(cluster, kind, obj)
    obj = incoming.with_defaults(cluster, kind, obj)
    return await store_changed(cluster, kind, obj, stored, write, subresource, managed)


def _merged_with(
    kind: Kind,
    node: Node,
    body: dict[str, Any],
    stored: Stored,
    identity: tuple[str, str, str, str],
    paths: frozenset[Path],
    write: Write,
    scope: Any,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The live object with the configuration in it, and its new managedFields."""
    live = stored.copy()
    owners = ownership.owners_of(live)
    obj = merged(node, live, _without_nulls(body))
    difference = ownership.change(node, live, obj)
    difference = ownership.Change(frozenset(filter(scope, difference.written)), difference.removed)
    found = ownership.conflicts(owners, identity, difference)
    if found and not write.force:
        details = {"causes": ownership.conflict_causes(found)}
        raise ApiError(409, "Conflict", ownership.conflict_message(found), details)
    mine = next((owner for owner in owners if owner.identity == identity), None)
    others = [
        Owner(*owner.identity, owner.time, owner.paths - difference.written)
        for owner in owners
        if owner.identity != identity
    ]
    if mine is not None:
        obj = _dropped(node, obj, mine.paths - paths, paths, others)
    remaining = leaves(node, obj, True).keys()
    others = [Owner(*owner.identity, owner.time, owner.paths & remaining) for owner in others]
    time = mine.time if mine is not None and mine.paths == paths and obj == live else now()
    return obj, ownership.entries([Owner(*identity, time, paths), *others])


def _dropped(
    node: Node, obj: dict[str, Any], abandoned: frozenset[Path], paths: frozenset[Path], others: list[Owner]
) -> dict[str, Any]:
    """The object without fields that the manager applied before, not now, and that nobody else owns."""
    owned = paths.union(*(owner.paths for owner in others))
    holders = {path[:length] for path in owned for length in range(1, len(path) + 1)}
    gone = {path for path in abandoned if path not in holders}
    return without(node, obj, gone, owned) if gone else obj


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
