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
from ..controllers import behaviours
from ..errors import ApiError
from ..storage.versions import encode
from . import nodes
from .faults import Fault, described
from .injections import HISTORY_FORGOTTEN, WATCHES_CUT

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


def _add_fault(cluster: Cluster, body: dict[str, Any]) -> dict[str, str]:
    fault = Fault(**body)
    cluster.injections.expect(fault.name, fault.optional)
    cluster.faults.append(fault)
    return {"injection": fault.name}


def _add_denial(cluster: Cluster, body: dict[str, Any]) -> None:
    denial = Denial(**body)
    cluster.injections.expect(denial.name)
    cluster.denials.append(denial)


def _add_image(cluster: Cluster, body: dict[str, Any]) -> None:
    cluster.injections.expect(behaviours.name(body))
    cluster.images.insert(0, body)


def _compact(cluster: Cluster, body: dict[str, Any]) -> None:
    cluster.injections.expect(HISTORY_FORGOTTEN, body.get("optional", False))
    cluster.store.compact()


def _drop_watches(cluster: Cluster, body: dict[str, Any]) -> dict[str, int]:
    open_now = list(cluster.connections)
    cluster.injections.expect(WATCHES_CUT, body.get("optional", False))
    cluster.injections.strike(WATCHES_CUT, len(open_now))
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
    ("POST", "faults"): _add_fault,
    ("GET", "faults"): lambda cluster, body: [described(fault) for fault in cluster.faults],
    ("DELETE", "faults"): lambda cluster, body: cluster.faults.clear(),
    ("POST", "denials"): _add_denial,
    ("GET", "denials"): lambda cluster, body: [asdict(denial) for denial in cluster.denials],
    ("DELETE", "denials"): lambda cluster, body: cluster.denials.clear(),
    ("POST", "images"): _add_image,
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
    ("POST", "compact"): _compact,
    ("POST", "watches/drop"): _drop_watches,
    ("GET", "injections"): lambda cluster, body: {
        "counts": cluster.injections.counts(),
        "missing": cluster.injections.missing(),
    },
    ("GET", "watches"): lambda cluster, body: {"open": len(cluster.connections)},
    ("GET", "requests"): lambda cluster, body: [
        asdict(request) for request in cluster.requests.all() if body.get("path", "") in request.path
    ],
    ("DELETE", "requests"): lambda cluster, body: cluster.requests.clear(),
    ("POST", "settings"): _settings,
    ("GET", "settings"): lambda cluster, body: asdict(cluster.settings),
    ("POST", "reset"): lambda cluster, body: bootstrap.reset(cluster),
}
