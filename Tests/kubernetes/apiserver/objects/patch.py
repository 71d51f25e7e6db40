"""PATCH: reads an object, changes it, writes it, and tries again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import errors, fielderrors
from ..cluster import Cluster
from ..errors import ApiError
from ..kinds import Kind
from ..merge.json_patch import PatchError, json_patch, merge_patch
from ..merge.strategic import strategic_merge
from ..schema.decode import DecodeError
from ..storage.versions import Stored, encode
from . import incoming, pipeline
from .apply import apply
from .nameless import NOTHING, PATCH_OPTIONS
from .update import store_changed
from .write import Write

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_TRIES = 5


def accepted_types(kind: Kind) -> list[str]:
    """The patch types that a kind can be patched with."""
    types = [JSON_PATCH, MERGE_PATCH, APPLY]
    return types if kind.custom is not None else [*types[:2], STRATEGIC, APPLY]


def wrong_type(kind: Kind, content_type: str) -> ApiError:
    """The 415 for a type of patch that a kind doesn't know, or nobody knows."""
    if content_type in (JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY):
        return errors.unsupported_media(accepted_types(kind))
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


async def patch(
    cluster: Cluster,
    kind: Kind,
    namespace: str,
    name: str,
    content_type: str,
    body: Any,
    write: Write,
    subresource: str = "",
) -> Stored:
    """Patch an object with a decoded body."""
    if content_type not in accepted_types(kind):
        raise wrong_type(kind, content_type)
    if content_type == APPLY:
        return await apply(cluster, kind, namespace, name, body, write, subresource)
    if write.force:
        raise errors.invalid(
            PATCH_OPTIONS, "", [fielderrors.forbidden("force", "may not be specified for non-apply patch")]
        )
    for attempt in range(_TRIES):
        stored = pipeline.existing(cluster, kind, namespace, name)
        changed = _patched(cluster, kind, content_type, stored, body)
        try:
            obj = _decoded(cluster, kind, changed, write)
            incoming.check_address(kind, obj, namespace, name)
            return await store_changed(cluster, kind, obj, stored, write, subresource)
        except ApiError as error:
            revision = (changed.get("metadata") or {}).get("resourceVersion")
            unforced = revision == stored.obj["metadata"]["resourceVersion"]
            if error.reason != "Conflict" or not unforced or attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _patched(cluster: Cluster, kind: Kind, content_type: str, stored: Stored, body: Any) -> dict[str, Any]:
    target = stored.copy()
    appliers: dict[str, Callable[[], Any]] = {
        JSON_PATCH: lambda: json_patch(target, body),
        MERGE_PATCH: lambda: merge_patch(target, body),
        STRATEGIC: lambda: strategic_merge(cluster.registry.node(kind), target, body),
    }
    if isinstance(body, list) != (content_type == JSON_PATCH):
        found, wanted = (
            ("array", "map[string]interface {}") if isinstance(body, list) else ("object", "[]handlers.jsonPatchOp")
        )
        raise errors.bad_request(f"error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}")
    try:
        return appliers[content_type]()
    except PatchError as error:
        if content_type == JSON_PATCH:
            raise ApiError(
                422, "Invalid", "the server rejected our request due to an error in our request", {}
            ) from error
        raise ApiError(500, "", str(error)) from None


def _decoded(cluster: Cluster, kind: Kind, changed: dict[str, Any], write: Write) -> dict[str, Any]:
    incoming.check_kind(kind, changed)
    try:
        obj, unknown = incoming.typed(cluster, kind, changed)
    except DecodeError as error:
        raise _refused(changed, str(error)) from None
    told = [f'unknown field "{path}"' for path in unknown]
    if told and write.field_validation == "Strict":
        raise _refused(changed, f"strict decoding error: {', '.join(told)}")
    if write.field_validation == "Warn":
        write.warnings[:] = told
    return incoming.with_defaults(cluster, kind, obj)


def _refused(changed: dict[str, Any], why: str) -> ApiError:
    return errors.invalid(NOTHING, "", [fielderrors.invalid("patch", encode(changed).decode(), why)])
