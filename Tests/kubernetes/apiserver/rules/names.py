"""Syntax of names and labels, with the messages of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..fielderrors import FieldError, invalid

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_PATH = re.compile(r"[^/%]+\Z")

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def label(field: str, value: str) -> Iterator[FieldError]:
    """A DNS-1123 label of at most 63 characters."""
    yield from _syntax(field, value, _LABEL, LABEL_RULE, 63)


def subdomain(field: str, value: str) -> Iterator[FieldError]:
    """A DNS-1123 subdomain of at most 253 characters."""
    yield from _syntax(field, value, _SUBDOMAIN, SUBDOMAIN_RULE, 253)


def service_name(field: str, value: str) -> Iterator[FieldError]:
    """A DNS-1035 label."""
    yield from _syntax(field, value, _SERVICE, SERVICE_RULE, 63)


def path_segment(field: str, value: str) -> Iterator[FieldError]:
    """What RBAC names may be: anything that is one segment of a path."""
    if value in (".", "..") or not _PATH.match(value):
        yield invalid(field, value, "may not contain '/'" if "/" in value else "may not be '.', '..' or contain '%'")


def environment_name(field: str, value: str) -> Iterator[FieldError]:
    if not _ENV.match(value):
        yield invalid(
            field,
            value,
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and "
            "must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for "
            "validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
        )


def qualified(field: str, value: str) -> Iterator[FieldError]:
    """A label or annotation key: an optional DNS prefix, a slash, a name."""
    prefix, slash, name = value.rpartition("/")
    if slash and (not prefix or not _SUBDOMAIN.match(prefix) or len(prefix) > 253):
        yield invalid(field, value, f"prefix part {SUBDOMAIN_RULE}" if prefix else "prefix part must be non-empty")
    if len(name) > 63:
        yield invalid(field, value, "name part must be no more than 63 characters")
    elif not _QUALIFIED.match(name):
        yield invalid(field, value, KEY_RULE if name else "name part must be non-empty")


def labels(field: str, values: dict[str, Any]) -> Iterator[FieldError]:
    """Keys and values of labels."""
    for key, value in values.items():
        yield from qualified(field, key)
        if len(value) > 63:
            yield invalid(field, value, "must be no more than 63 characters")
        elif value and not _QUALIFIED.match(value):
            yield invalid(field, value, VALUE_RULE)


def _syntax(field: str, value: str, form: re.Pattern[str], rule: str, limit: int) -> Iterator[FieldError]:
    if len(value) > limit:
        yield invalid(field, value, f"must be no more than {limit} characters")
    if not form.match(value):
        yield invalid(field, value, rule)
