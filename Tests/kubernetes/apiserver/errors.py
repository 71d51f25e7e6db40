"""API errors: what a handler raises, and the `Status` object the client gets for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .fielderrors import FieldError

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter."
)


@dataclass
class ApiError(Exception):
    """A failed request: HTTP code, machine-readable reason, message and details."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def status(self) -> dict[str, Any]:
        """The `Status` object of this error."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


def _details(kind: Any, name: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {"name": name} if name else {}
    if kind.group:
        details["group"] = kind.group
    return details | {"kind": kind.plural} | more


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized(message: str = "Unauthorized") -> ApiError:
    return ApiError(401, "Unauthorized", message)


def not_found(kind: Any, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def no_such_page() -> ApiError:
    """404 outside of any group version: the genuine server answers it in plain text."""
    return ApiError(404, "", "404 page not found\n")


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(kind: Any, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def conflict(kind: Any, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(kind, name))


def modified(kind: Any, name: str) -> ApiError:
    return conflict(
        kind,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
    )


def forbidden(kind: Any, name: str, why: str) -> ApiError:
    target = f'{kind.resource} "{name}"' if name else kind.resource
    return ApiError(403, "Forbidden", f"{target} is forbidden: {why}", _details(kind, name))


def expired(message: str = EXPIRED) -> ApiError:
    return ApiError(410, "Expired", message)


def internal(message: str) -> ApiError:
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def unsupported_media(accepted: list[str]) -> ApiError:
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message)


def timeout(message: str, retry_after: int = 1) -> ApiError:
    return ApiError(504, "Timeout", f"Timeout: {message}", {"retryAfterSeconds": retry_after})


def invalid(kind: Any, name: str, errors: list[FieldError]) -> ApiError:
    """422 for field errors, each also a cause in the details."""
    messages = [str(error) for error in errors]
    text = messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
    qualified = f"{kind.name}.{kind.group}" if kind.group else kind.name
    details = _details(kind, name, causes=[error.cause() for error in errors])
    details["kind"] = kind.name
    if not kind.name:
        del details["kind"]
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details)
