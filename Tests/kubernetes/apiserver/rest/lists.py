"""Lists: selectors, paging, and what a resourceVersion asks for."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from .. import errors, fielderrors
from ..cluster import Cluster
from ..kinds import Kind
from ..objects.nameless import OPTIONS
from ..storage.selectors import Predicate, field_selector, label_selector
from ..storage.versions import Stored


def predicate(kind: Kind, query: Mapping[str, str], name: str = "") -> Predicate | None:
    """What the selectors of a query select; None for everything."""
    tests: list[Predicate] = []
    if query.get("labelSelector"):
        tests.append(label_selector(query["labelSelector"]))
    if query.get("fieldSelector"):
        tests.append(field_selector(query["fieldSelector"], kind))
    if name:
        tests.append(lambda obj: obj["metadata"]["name"] == name)
    return (lambda obj: all(test(obj) for test in tests)) if tests else None


def list_objects(cluster: Cluster, kind: Kind, namespace: str, query: Mapping[str, str]) -> bytes:
    """The encoded list that a query asks for. Raises 400 and 410."""
    limit = _number(query.get("limit", ""), "limit")
    token = _decoded(query["continue"]) if query.get("continue") else None
    if token is not None and query.get("resourceVersion"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    revision, start = token or (_revision(cluster, query), "")
    if token is not None and revision < cluster.store.compacted:
        raise errors.expired()
    if revision == cluster.store.revision:
        found = cluster.store.select(kind.stored, namespace)
    else:
        found = cluster.store.list_at(kind.stored, namespace, revision)
    selects = predicate(kind, query)
    if selects is not None:
        found = [stored for stored in found if selects(stored.obj)]
    if start:
        found = [stored for stored in found if _key(stored) > start]
    meta: dict[str, Any] = {"resourceVersion": str(revision)}
    if limit and len(found) > limit:
        meta["continue"] = _encoded(revision, _key(found[limit - 1]))
        if selects is None:
            meta["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return _body(kind, meta, found)


def _body(kind: Kind, meta: dict[str, Any], found: list[Stored]) -> bytes:
    head = json.dumps({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta}, separators=(",", ":"))
    items = b",".join(view(kind, stored) for stored in found)
    return head[:-1].encode() + b',"items":[' + items + b"]}"


def view(kind: Kind, stored: Stored) -> bytes:
    """An object in the version it is asked for."""
    if stored.obj["apiVersion"] == kind.api_version:
        return stored.body
    return json.dumps({**stored.obj, "apiVersion": kind.api_version}).encode()


def _revision(cluster: Cluster, query: Mapping[str, str]) -> int:
    given, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    if match and match not in ("Exact", "NotOlderThan"):
        problem = fielderrors.unsupported("resourceVersionMatch", match, ("Exact", "NotOlderThan", ""))
        raise errors.invalid(OPTIONS["GET"], "", [problem])
    if match and not given:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise errors.invalid(OPTIONS["GET"], "", [fielderrors.forbidden("resourceVersionMatch", why)])
    if match == "Exact" and given == "0":
        why = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        raise errors.invalid(OPTIONS["GET"], "", [fielderrors.forbidden("resourceVersionMatch", why)])
    number = _number(given, "resourceVersion")
    if match == "Exact":
        return number
    if number > cluster.store.revision:
        cluster.store.list_at("", "", number)
    return cluster.store.revision


def _number(text: str, name: str) -> int:
    if text and not text.isdigit():
        raise errors.bad_request(
            f'invalid resource version: {name}: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text or 0)


def _key(stored: Stored) -> str:
    meta = stored.obj["metadata"]
    return f"{meta.get('namespace', '')}\0{meta['name']}"


def _encoded(revision: int, start: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, start]).encode()).decode().rstrip("=")


def _decoded(token: str) -> tuple[int, str]:
    try:
        revision, start = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(revision), str(start)
    except (binascii.Error, ValueError, TypeError):
        raise errors.bad_request("invalid continue token: continue key is not valid") from None
