"""Paths that aren't about objects: health, version, discovery, OpenAPI."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..cluster import Cluster
from . import bodies, discovery, openapi


def answer(cluster: Cluster, request: Any) -> web.Response | None:
    """The answer to such a path; None for other paths."""
    path = request.path.rstrip("/")
    if path in ("/healthz", "/livez", "/readyz"):
        return web.Response(text="ok")
    if path == "/version":
        return bodies.respond(_version(cluster.settings.kubernetes_version))
    if path.startswith("/openapi/"):
        return openapi.answer(cluster, request)
    found = _discovery(cluster, path, request.headers.get("Accept", ""))
    return found


def _version(kubernetes: str) -> dict[str, str]:
    major, minor = kubernetes.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{kubernetes}.0",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2025-01-01T00:00:00Z",
        "goVersion": "go1.23.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _discovery(cluster: Cluster, path: str, accept: str) -> web.Response | None:
    registry = cluster.registry
    wants_all = "as=APIGroupDiscoveryList" in accept and "v=v2;" in accept.replace(" ", "") + ";"
    if path in ("/api", "/apis") and wants_all:
        response = bodies.respond(discovery.aggregated(registry, path == "/api"))
        response.headers["Content-Type"] = discovery.AGGREGATED
        response.headers["Vary"] = "Accept"
        return response
    if path == "/api":
        return bodies.respond(discovery.core_versions())
    if path == "/apis":
        return bodies.respond(discovery.group_list(registry))
    parts = path.strip("/").split("/")
    found = None
    if parts[0] == "api" and len(parts) == 2:
        found = discovery.resources(registry, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        found = discovery.group(registry, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        found = discovery.resources(registry, parts[1], parts[2])
    return bodies.respond(found) if found else None
