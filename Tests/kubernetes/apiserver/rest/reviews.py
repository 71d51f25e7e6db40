"""Review kinds: questions about tokens and access, answered and not stored."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..access.authorization import is_allowed, rules_for
from ..access.denials import Attributes
from ..access.users import User
from ..cluster import Cluster
from ..objects import incoming
from . import bodies
from .target import Target

_READ_ONLY = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
)


async def serve(cluster: Cluster, target: Target, request: web.Request, user: User) -> web.Response:
    """Answer a review with its status filled in."""
    write = bodies.write_of(request, user)
    raw = await bodies.read(request)
    obj = incoming.decoded(cluster, target.kind, raw, write)
    spec = obj.get("spec") or {}
    match target.kind.name:
        case "TokenReview":
            obj["status"] = _token(cluster, spec)
        case "SelfSubjectAccessReview":
            obj["status"] = _access(cluster, user, spec)
        case "SelfSubjectRulesReview":
            obj["status"] = _rules(cluster, user, spec.get("namespace", ""))
        case _:
            asked = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            obj["status"] = _access(cluster, asked, spec)
    return bodies.respond(obj, 201, write, request)


def _token(cluster: Cluster, spec: dict[str, Any]) -> dict[str, Any]:
    token = cluster.credentials.tokens.get(spec.get("token", ""))
    if token is None or not token.valid:
        return {"authenticated": False, "error": "invalid bearer token"}
    return {"authenticated": True, "user": {"username": token.user.name, "groups": list(token.user.groups)}}


def _access(cluster: Cluster, user: User, spec: dict[str, Any]) -> dict[str, Any]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None:
        wanted = Attributes(
            resource.get("verb", ""),
            resource.get("group", ""),
            resource.get("resource", ""),
            resource.get("subresource", ""),
            resource.get("namespace", ""),
            resource.get("name", ""),
        )
    else:
        wanted = Attributes((path or {}).get("verb", ""), path=(path or {}).get("path", ""))
    allowed = is_allowed(cluster, user, wanted)
    return {"allowed": allowed} | ({} if allowed else {"reason": ""})


def _rules(cluster: Cluster, user: User, namespace: str) -> dict[str, Any]:
    rules = rules_for(cluster, user, namespace)
    if user.is_admin:
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    return {
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": list(_READ_ONLY)}],
        "incomplete": False,
    }
