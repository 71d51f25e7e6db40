"""OpenAPI documents, as far as clients need them to know what they may send."""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import web

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind
from ..objects.patch import accepted_types
from . import bodies, openapi_v2


def answer(cluster: Cluster, request: Any) -> web.Response:
    """The answer to /openapi/v2, /openapi/v3 and below. Raises 404."""
    path = request.path.rstrip("/")
    if path == "/openapi/v2":
        return web.Response(body=openapi_v2.document(cluster), content_type=openapi_v2.MEDIA_TYPE)
    by_path: dict[str, list[Kind]] = {}
    for kind in cluster.registry.all():
        by_path.setdefault(kind.path.strip("/"), []).append(kind)
    if path == "/openapi/v3":
        return bodies.respond(
            {"paths": {name: {"serverRelativeURL": _url(name, kinds)} for name, kinds in by_path.items()}}
        )
    kinds = by_path.get(path.removeprefix("/openapi/v3/"))
    if kinds is None:
        raise errors.no_such_path()
    return bodies.respond(_document(cluster, kinds))


def _url(name: str, kinds: list[Kind]) -> str:
    digest = hashlib.sha256(repr(sorted(kind.plural for kind in kinds)).encode()).hexdigest()
    return f"/openapi/v3/{name}?hash={digest.upper()}"


def _document(cluster: Cluster, kinds: list[Kind]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for kind in kinds:
        if "patch" not in kind.verbs:
            continue
        place = f"/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"/{kind.plural}"
        paths[f"{kind.path}{place}/{{name}}"] = {"patch": _patch(kind)}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{cluster.settings.kubernetes_version}.0"},
        "paths": paths,
        "components": {"schemas": _schemas(cluster, kinds)},
    }


def _patch(kind: Kind) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    return {
        "description": f"partially update the specified {kind.name}",
        "parameters": [
            *parameters,
            {"name": "force", "in": "query", "schema": {"type": "boolean", "uniqueItems": True}},
        ],
        "requestBody": {"content": {media: {} for media in accepted_types(kind)}, "required": True},
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.name},
    }


def _schemas(cluster: Cluster, kinds: list[Kind]) -> dict[str, Any]:
    """The kinds' schemas with all that they refer to."""
    wanted: list[str] = []
    found: dict[str, Any] = {}
    for kind in kinds:
        gvk = [{"group": kind.group, "version": kind.version, "kind": kind.name}]
        if kind.custom is not None:
            name = ".".join([*reversed(kind.group.split(".")), kind.version, kind.name])
            schema = {**kind.custom.node.published(), "x-kubernetes-group-version-kind": gvk}
            found[name] = _rewritten(schema, wanted)
        else:
            wanted.append(cluster.registry.schemas.definition_name(kind.group, kind.version, kind.name) or "")
    while wanted:
        name = wanted.pop()
        if name and name not in found:
            found[name] = _rewritten(cluster.registry.schemas.definitions[name], wanted)
    return found


def _rewritten(schema: Any, wanted: list[str]) -> Any:
    """A definition in OpenAPI 3: references renamed, null types dropped."""
    if isinstance(schema, list):
        return [_rewritten(item, wanted) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for key, value in schema.items():
        if key == "$ref" and isinstance(value, str):
            name = value.rsplit("/", 1)[-1]
            wanted.append(name)
            result[key] = f"#/components/schemas/{name}"
        elif key == "type" and isinstance(value, list):
            result[key] = next(kind for kind in value if kind != "null")
        elif key == "enum" and "x-kubernetes-group-version-kind" not in schema:
            continue
        else:
            result[key] = _rewritten(value, wanted)
    return result
