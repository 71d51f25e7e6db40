"""OpenAPI v2 in protobuf, the form in which kubectl asks for it to validate what it sends.

Field numbers are those of the public OpenAPIv2.proto of the gnostic project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..cluster import Cluster
from ..kinds import Kind
from ..objects.patch import accepted_types

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")
_GVK = "x-kubernetes-group-version-kind"


def document(cluster: Cluster) -> bytes:
    """The document with every kind's definition and the parameters of its PATCH."""
    info = _text(1, "Kubernetes") + _text(2, f"v{cluster.settings.kubernetes_version}.0")
    schemas = dict(cluster.registry.schemas.definitions)
    for kind in cluster.registry.all():
        if kind.custom is not None:
            name = ".".join([*reversed(kind.group.split(".")), kind.version, kind.name])
            schemas[name] = {**kind.custom.node.published(), _GVK: [_identity(kind)]}
    definitions = b"".join(_message(1, _named(name, _schema(schema))) for name, schema in schemas.items())
    patched = [kind for kind in cluster.registry.all() if "patch" in kind.verbs]
    paths = b"".join(_message(2, _named(_path(kind), _message(6, _operation(kind)))) for kind in patched)
    return _text(1, "2.0") + _message(2, info) + _message(8, paths) + _message(9, definitions)


def _identity(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "kind": kind.name, "version": kind.version}


def _path(kind: Kind) -> str:
    return (
        f"{kind.path}/namespaces/{{namespace}}/{kind.plural}/{{name}}"
        if kind.namespaced
        else f"{kind.path}/{kind.plural}/{{name}}"
    )


def _operation(kind: Kind) -> bytes:
    """A PATCH: what it consumes, its query parameters, and the kind in an extension."""
    parameters = b"".join(_message(8, _message(1, _parameter(name))) for name in _PARAMETERS)
    consumes = b"".join(_text(7, media) for media in accepted_types(kind))
    return consumes + parameters + _message(13, _extension(_GVK, _identity(kind)))


def _parameter(name: str) -> bytes:
    """A query parameter, inside the two wrappers that tell its place."""
    query = _text(2, "query") + _text(4, name) + _text(6, "string")
    return _message(2, _message(3, query))


def _schema(schema: dict[str, Any]) -> bytes:
    parts: list[bytes] = []
    if "$ref" in schema:
        parts.append(_text(1, "#/definitions/" + schema["$ref"].rsplit("/", 1)[-1]))
    if "format" in schema:
        parts.append(_text(2, schema["format"]))
    if "description" in schema:
        parts.append(_text(4, schema["description"]))
    parts += [_text(19, name) for name in schema.get("required", ())]
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        parts.append(_message(21, _message(1, _schema(extra))))
    kind = _type(schema)
    if kind:
        parts.append(_message(22, _text(1, kind)))
    if isinstance(schema.get("items"), dict):
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    properties = schema.get("properties")
    if properties:
        named = b"".join(_message(1, _named(name, _schema(inner))) for name, inner in properties.items())
        parts.append(_message(25, named))
    parts += [_message(31, _extension(key, value)) for key, value in schema.items() if key.startswith("x-")]
    return b"".join(parts)


def _type(schema: dict[str, Any]) -> str:
    """The one type of a schema; what may be a string or a number counts as a string."""
    if "oneOf" in schema and "type" not in schema:
        return "string"
    declared = schema.get("type", ())
    declared = (declared,) if isinstance(declared, str) else declared
    return next((kind for kind in declared if kind != "null"), "")


def _named(name: str, value: bytes) -> bytes:
    return _text(1, name) + _message(2, value)


def _extension(name: str, value: Any) -> bytes:
    """A vendor extension, whose value is YAML."""
    return _text(1, name) + _message(2, _text(2, json.dumps(value)))


def _text(number: int, value: str) -> bytes:
    return _message(number, value.encode())


def _message(number: int, body: bytes) -> bytes:
    """A length-delimited field."""
    return bytes(_varint(number << 3 | 2)) + bytes(_varint(len(body))) + body


def _varint(value: int) -> Iterable[int]:
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
