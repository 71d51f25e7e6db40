"""The control endpoint: what tests set and read under /double/."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .. import bootstrap, errors
from ..access.denials import Denial
from ..access.users import Token, User
from ..cluster import Cluster
from ..errors import ApiError
from ..storage.versions import encode
from . import nodes
from .faults import Fault, described

Setter = Callable[[Cluster, Any], Any]


async def serve(cluster: Cluster, request: web.Request, user: User) -> web.Response:
    """Answer a request of a test: POST sets or adds, GET reads, DELETE clears."""
    if not user.is_admin:
        raise ApiError(403, "Forbidden", "the control endpoint is for administrators", {})
    name = request.path.removeprefix("/double/")
    handler = _HANDLERS.get((request.method, name))
    if handler is None:
        raise errors.no_such_path()
    body = await request.json() if request.can_read_body else dict(request.query)
    try:
        answer = handler(cluster, body)
    except (KeyError, TypeError, ValueError, LookupError) as error:
        raise errors.bad_request(f"{name}: {error!r}") from None
    return web.Response(body=encode(answer if answer is not None else {}), content_type="application/json")


def _add_token(cluster: Cluster, body: dict[str, Any]) -> None:
    user = User(body["user"], (*body.get("groups", ()), "system:authenticated"))
    expires = time.time() + body["seconds"] if "seconds" in body else 0
    cluster.credentials.tokens[body["token"]] = Token(user, expires)


def _add_password(cluster: Cluster, body: dict[str, Any]) -> None:
    user = User(body["user"], (*body.get("groups", ()), "system:authenticated"))
    cluster.credentials.passwords[body["user"], body["password"]] = user


def _set_log(cluster: Cluster, body: dict[str, Any]) -> None:
    cluster.logs[body["namespace"], body["pod"], body.get("container", "")] = body["text"]


def _set_forward(cluster: Cluster, body: dict[str, Any]) -> None:
    key = (body["namespace"], body["pod"], int(body["port"]))
    cluster.forwards[key] = (body.get("host", "127.0.0.1"), int(body["to"]))


def _drop_watches(cluster: Cluster, body: Any) -> dict[str, int]:
    open_now = list(cluster.connections)
    for drop in open_now:
        drop.set()
    return {"dropped": len(open_now)}


def _settings(cluster: Cluster, body: dict[str, Any]) -> dict[str, Any]:
    for name, value in body.items():
        if not hasattr(cluster.settings, name):
            raise ValueError(f"no setting {name}")
        if name == "kubernetes_version":
            cluster.use_version(value)
        else:
            setattr(cluster.settings, name, value)
    return asdict(cluster.settings)


_HANDLERS: dict[tuple[str, str], Setter] = {
    ("POST", "faults"): lambda cluster, body: cluster.faults.append(Fault(**body)),
    ("GET", "faults"): lambda cluster, body: [described(fault) for fault in cluster.faults],
    ("DELETE", "faults"): lambda cluster, body: cluster.faults.clear(),
    ("POST", "denials"): lambda cluster, body: cluster.denials.append(Denial(**body)),
    ("GET", "denials"): lambda cluster, body: [asdict(denial) for denial in cluster.denials],
    ("DELETE", "denials"): lambda cluster, body: cluster.denials.clear(),
    ("POST", "images"): lambda cluster, body: cluster.images.insert(0, {"pattern": body["pattern"], **body}),
    ("GET", "images"): lambda cluster, body: cluster.images,
    ("DELETE", "images"): lambda cluster, body: cluster.images.clear(),
    ("POST", "nodes"): nodes.change,
    ("GET", "nodes"): lambda cluster, body: [stored.obj for stored in cluster.store.select("/nodes")],
    ("POST", "tokens"): _add_token,
    ("POST", "tokens/revoke"): lambda cluster, body: cluster.credentials.tokens.pop(body["token"], None) and None,
    ("POST", "passwords"): _add_password,
    ("POST", "logs"): _set_log,
    ("DELETE", "logs"): lambda cluster, body: cluster.logs.clear(),
    ("POST", "portforward"): _set_forward,
    ("POST", "webhooks"): lambda cluster, body: cluster.webhooks.update({body["name"]: body["url"]}),
    ("POST", "compact"): lambda cluster, body: cluster.store.compact(),
    ("POST", "watches/drop"): _drop_watches,
    ("GET", "watches"): lambda cluster, body: {"open": len(cluster.connections)},
    ("GET", "requests"): lambda cluster, body: [
        asdict(request) for request in cluster.requests.all() if body.get("path", "") in request.path
    ],
    ("DELETE", "requests"): lambda cluster, body: cluster.requests.clear(),
    ("POST", "settings"): _settings,
    ("GET", "settings"): lambda cluster, body: asdict(cluster.settings),
    ("POST", "reset"): lambda cluster, body: bootstrap.reset(cluster),
}
