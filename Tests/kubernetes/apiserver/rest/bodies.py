"""Bodies of requests and responses."""

from __future__ import annotations

import json
from typing import Any

import yaml
from aiohttp import web

from .. import errors, fielderrors
from ..errors import ApiError
from ..objects.nameless import OPTIONS
from ..objects.write import Write
from ..storage.versions import Stored, encode

JSON = "application/json"
_READABLE = (JSON, "application/yaml")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def media_type(request: web.Request) -> str:
    """The body's media type, without parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


async def read(request: web.Request) -> Any:
    """The decoded body; None for none. Raises 400 and 415."""
    body = await request.read()
    if not body.strip():
        return None
    kind = media_type(request) or JSON
    if kind in ("application/yaml", "application/apply-patch+yaml"):
        try:
            return yaml.load(body, Loader=_Loader)
        except yaml.YAMLError as error:
            raise errors.bad_request(f"error decoding YAML: {error}") from None
    if not (kind == JSON or kind.endswith("+json")):
        raise errors.unsupported_media(list(_READABLE))
    try:
        return json.loads(body)
    except ValueError as error:
        text = f"couldn't get version/kind; json parse error: {error}"
        raise errors.bad_request(f"the object provided is unrecognized: {text}") from None


def write_of(request: web.Request, user: Any) -> Write:
    """The parameters of a write. Raises 400 for values that are not allowed."""
    query = request.query
    manager = query.get("fieldManager", "")
    if not manager and media_type(request) != "application/apply-patch+yaml":
        manager = request.headers.get("User-Agent", "").partition("/")[0]
    problems = []
    if len(manager) > 128:
        problems.append(fielderrors.too_long("fieldManager", 128))
    dry_run = query.getall("dryRun", [])
    if dry_run and set(dry_run) - {"All"}:
        problems.append(fielderrors.unsupported("dryRun", dry_run, ("All",)))
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        problems.append(fielderrors.unsupported("fieldValidation", validation, ("", "Ignore", "Strict", "Warn")))
    if problems:
        raise errors.invalid(OPTIONS[request.method], "", problems)
    return Write(user, manager, bool(dry_run), validation, query.get("force") == "true")


def refuse(error: ApiError, request: web.Request) -> web.Response:
    """The response of a failed request."""
    if error.code == 404 and not error.reason:
        return web.Response(text=error.message, status=404)
    return respond(error.status(), error.code, request=request)


def respond(
    value: Any, status: int = 200, write: Write | None = None, request: web.Request | None = None
) -> web.Response:
    """A response with an object, its warnings and whatever form the client asked for."""
    body = value.body if isinstance(value, Stored) else encode(value)
    content_type = JSON
    if request is not None and request.headers.get("Accept", "").startswith("application/yaml"):
        body = yaml.safe_dump(json.loads(body), sort_keys=False).encode()
        content_type = "application/yaml"
    response = web.Response(body=body, status=status, content_type=content_type)
    for warning in write.warnings if write is not None else ():
        escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response
