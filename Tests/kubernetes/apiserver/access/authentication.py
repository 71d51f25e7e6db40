"""Authentication: client certificate, bearer token or password; then impersonation."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from ..errors import unauthorized
from .users import Credentials, User


def authenticate(credentials: Credentials, request: web.Request) -> User:
    """The user of a request. Raises 401."""
    user = _authenticated(credentials, request)
    impersonated = request.headers.get("Impersonate-User")
    if not impersonated:
        return user
    groups = tuple(request.headers.getall("Impersonate-Group", ()))
    return User(impersonated, (*groups, "system:authenticated"), impersonator=user.name)


def _authenticated(credentials: Credentials, request: web.Request) -> User:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = credentials.tokens.get(rest.strip())
        if token is None or not token.valid:
            raise unauthorized()
        return token.user
    if scheme.lower() == "basic":
        return _by_password(credentials, rest)
    if credentials.accept_certificates and request.transport is not None:
        certificate = request.transport.get_extra_info("peercert")
        if certificate:
            return _by_certificate(certificate)
    raise unauthorized()


def _by_password(credentials: Credentials, encoded: str) -> User:
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthorized() from None
    user = credentials.passwords.get((name, password))
    if user is None:
        raise unauthorized()
    return user


def _by_certificate(certificate: dict[str, tuple[tuple[tuple[str, str], ...], ...]]) -> User:
    subject = [pair for group in certificate["subject"] for pair in group]
    name = next((value for key, value in subject if key == "commonName"), "")
    groups = tuple(value for key, value in subject if key == "organizationName")
    return User(name, (*groups, "system:authenticated"))
