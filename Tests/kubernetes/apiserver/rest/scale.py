"""The scale subresource: how many replicas, without the rest of the object."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from .. import errors, fielderrors
from ..access.users import User
from ..cluster import Cluster
from ..kinds import Kind
from ..merge.json_patch import json_patch, merge_patch
from ..objects import patch, pipeline, update
from ..storage.versions import Stored
from . import bodies
from .target import Target

_SCALE = Kind("autoscaling", "v1", "Scale", "scales", True)
_PATHS = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


async def serve(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.Response:
    """Read or change the number of replicas."""
    stored = pipeline.existing(cluster, target.kind, target.namespace, target.name)
    current = _scale(target.kind, stored)
    if target.verb == "get":
        return bodies.respond(current)
    write = bodies.write_of(request, user)
    body = await bodies.read(request)
    if target.verb == "patch":
        kind = bodies.media_type(request)
        if kind not in (patch.JSON_PATCH, patch.MERGE_PATCH, patch.STRATEGIC):
            raise errors.unsupported_media([patch.JSON_PATCH, patch.MERGE_PATCH])
        body = json_patch(current, body) if kind == patch.JSON_PATCH else merge_patch(current, body)
    replicas = (body.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        problem = fielderrors.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid(_SCALE, target.name, [problem])
    obj = stored.copy()
    given = (body.get("metadata") or {}).get("resourceVersion")
    if given and given != obj["metadata"]["resourceVersion"]:
        raise errors.modified(target.kind, target.name)
    _put(obj, _path(target.kind, "specReplicasPath"), replicas)
    changed = await update.store_changed(cluster, target.kind, obj, stored, write, "scale")
    return bodies.respond(_scale(target.kind, changed), 200, write)


def _path(kind: Kind, name: str) -> list[str]:
    paths = (kind.custom.scale_paths if kind.custom is not None else None) or _PATHS
    return paths.get(name, "").strip(".").split(".")


def _scale(kind: Kind, stored: Stored) -> dict[str, Any]:
    obj = stored.obj
    meta = {
        key: obj["metadata"][key]
        for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if key in obj["metadata"]
    }
    status: dict[str, Any] = {"replicas": _get(obj, _path(kind, "statusReplicasPath")) or 0}
    selector = (obj.get("spec") or {}).get("selector")
    if kind.custom is None and isinstance(selector, dict):
        status["selector"] = ",".join(f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items())
    spec = {"replicas": _get(obj, _path(kind, "specReplicasPath")) or 0}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": status}


def _get(obj: Any, path: list[str]) -> Any:
    for step in path:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def _put(obj: dict[str, Any], path: list[str], value: int) -> None:
    for step in path[:-1]:
        obj = obj.setdefault(step, {})
    obj[path[-1]] = value
