"""Every request's way: fault, authentication, authorization, handler, record."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from aiohttp import web

from ..access.authentication import authenticate
from ..access.authorization import check
from ..access.denials import Attributes
from ..access.users import User
from ..cluster import Cluster
from ..control import endpoint
from ..control.faults import Fault, take
from ..control.injections import HISTORY_FORGOTTEN
from ..control.records import Request
from ..errors import ApiError
from . import bodies, misbehave, objects, reviews, subresources, system
from .target import Target, target_of
from .watch import watch

_NOBODY = User("")


class Dispatcher:
    """Answers all requests of one double."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, request: Any) -> web.StreamResponse:
        started, user = time.monotonic(), _NOBODY
        watching = request.query.get("watch") in ("true", "1") or "/watch/" in request.path
        fault = None
        if not request.path.startswith("/double/"):
            agent = request.headers.get("User-Agent", "")
            fault = take(self._cluster.faults, request.method, request.path_qs, agent, watching)
        response: web.StreamResponse | None = None
        try:
            if fault is not None and fault.comes_first:
                self._cluster.injections.strike(fault.name)
                response = await misbehave.before(fault, request)
                if response is not None:
                    return response
            user = authenticate(self._cluster.credentials, request)
            response = await self._answer(request, user, watching, fault)
        except ApiError as error:
            if error.code == 410:
                self._cluster.injections.strike(HISTORY_FORGOTTEN)
            response = bodies.refuse(error, request)
            response.headers.update(error.headers)
        finally:
            status = response.status if response is not None else 0
            self._record(request, user, status, time.monotonic() - started)
        if fault is not None and fault.spoils_body and isinstance(response, web.Response):
            self._cluster.injections.strike(fault.name)
            response = await misbehave.after(fault, request, response)
        return response

    async def _answer(self, request: Any, user: User, watching: bool, fault: Fault | None) -> web.StreamResponse:
        cluster, path = self._cluster, request.path
        if path.startswith("/double/"):
            return await endpoint.serve(cluster, request, user)
        answer = system.answer(cluster, request)
        if answer is not None:
            check(cluster, user, Attributes(request.method.lower(), path=path))
            return answer
        target = target_of(cluster.registry, request.method, path, watching)
        check(cluster, user, _wanted(target, request))
        if target.verb == "watch":
            return await watch(cluster, target, request, fault)
        return await self._objects(target, request, user)

    async def _objects(self, target: Target, request: Any, user: User) -> web.StreamResponse:
        if target.kind.verbs == ("create",):
            return await reviews.serve(self._cluster, target, request, user)
        if target.subresource not in ("", "status"):
            return await subresources.serve(self._cluster, target, request, user)
        return await objects.serve(self._cluster, target, request, user)

    def _record(self, request: web.BaseRequest, user: User, status: int, seconds: float) -> None:
        if request.path.startswith("/double/"):
            return
        headers = request.headers
        self._cluster.requests.add(
            Request(
                request.method,
                request.path,
                request.query_string,
                user.name,
                user.impersonator,
                headers.get("User-Agent", ""),
                headers.get("Content-Type", ""),
                headers.get("Accept", ""),
                status,
                f"HTTP/{request.version.major}.{request.version.minor}",
                id(request.transport),
                seconds,
            )
        )


def _wanted(target: Target, request: Any) -> Attributes:
    """What must be allowed. A collection narrowed to one name by a field selector counts as that object."""
    wanted = target.attributes
    name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
    if wanted.name or not name or "=" in name or "," in name:
        return wanted
    return replace(wanted, name=name)
