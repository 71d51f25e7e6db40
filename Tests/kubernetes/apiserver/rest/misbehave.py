"""Carries out the faults a test asked for."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from ..control.faults import Fault
from ..errors import ApiError

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


async def before(fault: Fault, request: web.BaseRequest) -> web.Response | None:
    """A fault that strikes before the request is looked at. May raise its status.

    Returns a response that nobody gets when the connection is no more.
    """
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "reset":
        reset(request)
        return web.Response()
    elif fault.kind == "close":
        if request.transport is not None:
            request.transport.close()
        return web.Response()
    elif fault.kind == "status":
        details = {"retryAfterSeconds": fault.retry_after} if fault.retry_after is not None else {}
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        message = fault.message or f"injected failure with code {fault.code}"
        reason = fault.reason or _REASONS.get(fault.code, "")
        raise ApiError(fault.code, reason, message, details, headers)
    return None


def reset(request: web.BaseRequest) -> None:
    """Reset the connection, as a broken network would."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


async def after(fault: Fault, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """A fault that spoils the response."""
    body = response.body if isinstance(response.body, bytes) else b""
    if fault.kind == "malformed":
        return web.Response(
            body=body[: len(body) // 2] + b"}{", status=response.status, content_type=response.content_type
        )
    if fault.kind == "truncate":
        cut = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
        cut.content_length = len(body)
        await cut.prepare(request)
        await cut.write(body[: fault.after_bytes])
        if request.transport is not None:
            request.transport.close()
        return cut
    return response
