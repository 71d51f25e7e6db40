"""An object as a request brings it, made into what the server works with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import fielderrors
from ..cluster import Cluster
from ..defaults import apply_defaults
from ..errors import ApiError, bad_request, invalid
from ..kinds import Kind
from ..schema import prune
from ..schema.builtin import META
from ..schema.decode import DecodeError, decode, decode_failure
from .write import Write


def decoded(cluster: Cluster, kind: Kind, raw: dict[str, Any], write: Write) -> dict[str, Any]:
    """The object with undeclared fields dropped and defaults filled in.

    Raises 400 for wrong types and, when asked to be strict, for undeclared fields.
    """
    check_kind(kind, raw)
    try:
        obj, unknown = typed(cluster, kind, raw)
    except DecodeError as error:
        raise decode_failure(kind, error) from None
    told = [f'unknown field "{path}"' for path in unknown]
    if told and write.field_validation == "Strict":
        raise decode_failure(kind, DecodeError(f"strict decoding error: {', '.join(told)}"))
    if write.field_validation == "Warn":
        write.warnings += told
    return with_defaults(cluster, kind, obj)


def check_kind(kind: Kind, raw: dict[str, Any]) -> None:
    """Raise 400 unless a body is of the kind its path says."""
    if not isinstance(raw, dict):
        raise bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct"
        )
    version, name = raw.get("apiVersion"), raw.get("kind")
    if kind.custom is not None and not (version and name):
        missing = "Kind" if not name else "apiVersion"
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind.name}): Object '{missing}' is missing"
        )
    if kind.custom is not None and name != kind.name:
        told = replace(kind, name=str(name))
        raise invalid(
            told,
            (raw.get("metadata") or {}).get("name", ""),
            [fielderrors.invalid("kind", name, f"must be {kind.name}")],
        )
    if version and version != kind.api_version:
        raise bad_request(
            f'{name} in version "{version}" cannot be handled as a {kind.name}: '
            f'no kind "{name}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    if name and name != kind.name:
        raise bad_request(
            f'{name} in version "{kind.version}" cannot be handled as a {kind.name}: converting '
            f"({kind.version}.{name}) to ({kind.group or 'core'}.{kind.name}): unknown conversion"
        )


def typed(cluster: Cluster, kind: Kind, raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A copy without undeclared fields, and their paths. Raises `DecodeError`."""
    node = cluster.registry.node(kind)
    if kind.custom is None:
        result = decode(node, raw)
        obj, unknown = result.value, result.unknown
    else:
        metadata = decode(cluster.registry.schemas.node(META), raw.get("metadata") or {})
        unknown = [f"metadata.{path}" for path in metadata.unknown]
        obj = prune.prune(node, {key: raw[key] for key in raw if key != "metadata"}, "", unknown)
        obj["metadata"] = metadata.value
        unknown.sort()
    obj = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {}} | obj
    obj["metadata"] = dict(obj["metadata"])
    return obj, unknown


def with_defaults(cluster: Cluster, kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """The object with the defaults of its kind filled in, in place."""
    if kind.custom is not None:
        prune.apply_defaults(cluster.registry.node(kind), obj)
    else:
        apply_defaults(kind, obj)
    return obj


def check_address(kind: Kind, obj: dict[str, Any], namespace: str, name: str | None) -> None:
    """Raise 400 unless an object's name and namespace are those of its path; fill in the namespace."""
    metadata = obj["metadata"]
    if kind.namespaced:
        if metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    elif metadata.pop("namespace", None):
        raise bad_request("namespace should not be set on a cluster-scoped object")
    if name is not None and metadata.setdefault("name", name) != name:
        raise ApiError(
            400,
            "BadRequest",
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})",
        )
