"""Subresources other than status: scale, log, eviction, token, finalize, portforward."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from .. import errors, fielderrors
from ..access.users import User, service_account
from ..clock import now
from ..cluster import Cluster
from ..kinds import Kind
from ..objects import delete, pipeline
from . import bodies, logs, portforward, scale
from .target import Target


async def serve(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.StreamResponse:
    """Answer a request for a subresource."""
    match target.subresource:
        case "scale":
            return await scale.serve(cluster, target, request, user)
        case "log":
            return await logs.serve(cluster, target, request)
        case "portforward":
            return await portforward.serve(cluster, target, request)
        case "eviction":
            return await _evict(cluster, target, request, user)
        case "token":
            return await _token(cluster, target, request)
        case "finalize":
            return await _finalize(cluster, target, request, user)
    raise errors.no_such_path()


async def _evict(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.Response:
    raw = await bodies.read(request) or {}
    write = bodies.write_of(request, user)
    options = raw.get("deleteOptions") or {}
    await delete.delete(cluster, target.kind, target.namespace, target.name, options, write)
    return bodies.respond({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


async def _token(cluster: Cluster, target: Target, request: web.Request) -> web.Response:
    account = pipeline.existing(cluster, target.kind, target.namespace, target.name)
    raw = await bodies.read(request) or {}
    spec = raw.get("spec") or {}
    seconds = spec.get("expirationSeconds", 3600)
    if seconds < 600:
        kind = Kind("authentication.k8s.io", "v1", "TokenRequest", "", True)
        problem = fielderrors.invalid(
            "spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
        )
        raise errors.invalid(kind, "", [problem])
    user = service_account(target.namespace, target.name, account.obj["metadata"]["uid"])
    status = {"token": cluster.credentials.issue(user, seconds), "expirationTimestamp": now(seconds)}
    meta = {"name": target.name, "namespace": target.namespace, "creationTimestamp": now()}
    answer = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": meta,
        "spec": {"audiences": ["https://kubernetes.default.svc"], **spec, "expirationSeconds": seconds},
        "status": status,
    }
    return bodies.respond(answer, 201)


async def _finalize(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.Response:
    raw: Any = await bodies.read(request)
    stored = pipeline.existing(cluster, target.kind, "", target.name)
    obj = stored.copy()
    finalizers = (raw.get("spec") or {}).get("finalizers") or []
    obj["spec"] = {"finalizers": finalizers} if finalizers else {}
    write = bodies.write_of(request, user)
    return bodies.respond(pipeline.commit(cluster, target.kind, obj, stored, write), 200, write)
