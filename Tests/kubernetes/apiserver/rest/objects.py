"""The verbs on objects: get, list, create, update, patch, delete."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from .. import errors
from ..access.users import User
from ..cluster import Cluster
from ..kinds import Kind
from ..objects import create, delete, patch, pipeline, update
from ..storage.versions import Stored
from . import bodies, lists
from .target import Target


async def serve(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.Response:
    """Answer a request for objects; `target` has no subresource but `status`."""
    kind, namespace, name = target.kind, target.namespace, target.name
    if target.verb == "list":
        body = lists.list_objects(cluster, kind, namespace, request.query)
        return web.Response(body=body, content_type=bodies.JSON)
    if target.verb == "get":
        stored = pipeline.existing(cluster, kind, namespace, name)
        return web.Response(body=lists.view(kind, stored), content_type=bodies.JSON)
    write = bodies.write_of(request, user)
    if target.verb == "create":
        stored = await create.create(cluster, kind, namespace, _object(await bodies.read(request), kind), write)
        return bodies.respond(stored, 201, write, request)
    if target.verb == "update":
        raw = _object(await bodies.read(request), kind)
        stored = await update.update(cluster, kind, namespace, name, raw, write, target.subresource)
        return bodies.respond(stored, 201 if write.created else 200, write, request)
    if target.verb == "patch":
        content_type, body = bodies.media_type(request), await _patch_body(request, kind)
        stored = await patch.patch(cluster, kind, namespace, name, content_type, body, write, target.subresource)
        return bodies.respond(stored, 201 if write.created else 200, write, request)
    if target.subresource:
        raise errors.method_not_allowed()
    options = delete.delete_options(cluster, await bodies.read(request), request.query)
    write.dry_run = write.dry_run or "All" in options.get("dryRun", [])
    if target.verb == "deletecollection":
        return await _delete_collection(cluster, target, request, options, write)
    stored, gone = await delete.delete(cluster, kind, namespace, name, options, write)
    return bodies.respond(_deleted(target, stored) if gone and kind.name != "Pod" else stored, 200, write, request)


def _object(raw: Any, kind: Kind) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    why = "unexpected end of JSON input (<empty>)" if raw is None else "json: cannot unmarshal array into Go value"
    raise errors.bad_request(
        f"the object provided is unrecognized (must be of type {kind.name}): couldn't get version/kind; json parse error: {why}"
    )


async def _patch_body(request: web.Request, kind: Any) -> Any:
    if bodies.media_type(request) not in patch.accepted_types(kind):
        raise patch.wrong_type(kind, bodies.media_type(request))
    return await bodies.read(request)


def _deleted(target: Target, stored: Stored) -> dict[str, Any]:
    """The Status that a deletion answers when the object is gone."""
    meta = stored.obj["metadata"]
    details = {"name": meta["name"], "kind": target.kind.plural, "uid": meta["uid"]}
    if target.kind.group:
        details["group"] = target.kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


async def _delete_collection(
    cluster: Cluster, target: Target, request: web.Request, options: dict[str, Any], write: Any
) -> web.Response:
    selects = lists.predicate(target.kind, request.query)
    found = [s for s in cluster.store.select(target.kind.stored, target.namespace) if selects is None or selects(s.obj)]
    for stored in found:
        key = stored.obj["metadata"]
        if cluster.store.get(target.kind.stored, (key.get("namespace", ""), key["name"])) is not None:
            await delete.delete(cluster, target.kind, key.get("namespace", ""), key["name"], options, write)
    answer = {
        "kind": target.kind.list_kind,
        "apiVersion": target.kind.api_version,
        "metadata": {"resourceVersion": str(cluster.store.revision)},
        "items": [stored.obj for stored in found],
    }
    return bodies.respond(answer, 200, write, request)
