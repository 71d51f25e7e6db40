"""Rules of CustomResourceDefinitions and their structural schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, required, unsupported
from ..schema.custom import CustomNode
from ..schema.node import FREE
from ..schema.validate import violations
from . import names
from .access import client_errors
from .metadata import immutable

_TYPES = ("object", "array", "string", "integer", "number", "boolean")
_FORBIDDEN = (
    "$ref",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
    "additionalItems",
)
_PROTECTED = (".k8s.io", ".kubernetes.io")


def definition_errors(obj: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    """Rules of a CRD."""
    spec = obj["spec"]
    found = _name_errors(obj, spec)
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        found.append(
            invalid(
                "spec.versions",
                [v.get("name") for v in versions],
                "must have exactly one version marked as storage version",
            )
        )
    for index, version in enumerate(versions):
        found += _version_errors(version, index, len(versions) == 1)
    found += _conversion_errors(spec["conversion"])
    if old is not None:
        for name in ("group", "scope"):
            found += immutable(f"spec.{name}", old["spec"][name], spec[name])
        for name in ("plural", "kind"):
            found += immutable(f"spec.names.{name}", old["spec"]["names"][name], spec["names"][name])
    return found


def _name_errors(obj: dict[str, Any], spec: dict[str, Any]) -> list[FieldError]:
    found: list[FieldError] = []
    wanted = f"{spec['names']['plural']}.{spec['group']}"
    if obj["metadata"]["name"] != wanted:
        found.append(invalid("metadata.name", obj["metadata"]["name"], 'must be spec.names.plural+"."+spec.group'))
    found += names.subdomain("spec.group", spec["group"])
    if "." not in spec["group"]:
        found.append(invalid("spec.group", spec["group"], "should be a domain with at least one dot"))
    if spec["group"].endswith(_PROTECTED) and "api-approved.kubernetes.io" not in obj["metadata"].get(
        "annotations", {}
    ):
        found.append(
            required(
                "metadata.annotations[api-approved.kubernetes.io]",
                'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
            )
        )
    if spec["scope"] not in ("Cluster", "Namespaced"):
        found.append(unsupported("spec.scope", spec["scope"], ("Cluster", "Namespaced")))
    found += names.service_name("spec.names.plural", spec["names"]["plural"])
    found += names.service_name("spec.names.kind", spec["names"]["kind"].lower())
    for index, short in enumerate(spec["names"].get("shortNames") or ()):
        found += names.service_name(f"spec.names.shortNames[{index}]", short)
    return found


def _version_errors(version: dict[str, Any], index: int, alone: bool) -> list[FieldError]:
    """Errors of one version; those of the only version are told as if they were the CRD's own."""
    field = f"spec.versions[{index}]"
    found = list(names.service_name(f"{field}.name", version["name"]))
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return [*found, required(f"{field}.schema.openAPIV3Schema")]
    path = "spec.validation.openAPIV3Schema" if alone else f"{field}.schema.openAPIV3Schema"
    field = "spec" if alone else field
    if schema.get("type", "object") != "object":
        found.append(invalid(f"{path}.type", schema.get("type", ""), "must be object at the root"))
    found += structural_errors(schema, path, root=True)
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        where = f"{field}.additionalPrinterColumns[{index}]"
        if column["type"] not in ("integer", "number", "string", "boolean", "date"):
            found.append(invalid(f"{where}.type", column["type"], "must be one of boolean,date,integer,number,string"))
        if not column["jsonPath"].startswith("."):
            found.append(invalid(f"{where}.JSONPath", column["jsonPath"], "must be a simple json path starting with ."))
    scale = (version.get("subresources") or {}).get("scale")
    if scale is not None:
        for name, prefix in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
            if not str(scale.get(name, "")).startswith(prefix):
                found.append(
                    invalid(
                        f"{field}.subresources.scale.{name}",
                        scale.get(name, ""),
                        f"should be a json path under {prefix[:-1]}",
                    )
                )
    return found


def structural_errors(schema: dict[str, Any], path: str, root: bool = False) -> Iterator[FieldError]:
    """What keeps a schema from being structural."""
    for name in _FORBIDDEN:
        if name in schema:
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    anything = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    kind = schema.get("type")
    if not kind and not anything and "$ref" not in schema:
        yield required(
            f"{path}.type",
            "must not be empty for specified object fields" if not root else "must not be empty at the root",
        )
    elif kind and kind not in _TYPES:
        yield unsupported(f"{path}.type", kind, sorted(_TYPES))
    yield from _value_errors(schema, path)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    if "properties" in schema and "additionalProperties" in schema:
        yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
    if schema.get("uniqueItems"):
        yield forbidden(
            f"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        )
    if schema.get("x-kubernetes-embedded-resource") and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object if x-kubernetes-embedded-resource is true")
    yield from _list_errors(schema, path)
    if root:
        yield from _root_errors(schema, path)
    for combination in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(combination) or ()):
            yield from _combined_errors(
                part, f"{path}.{combination}[{index}]", bool(schema.get("x-kubernetes-int-or-string"))
            )
    if isinstance(schema.get("not"), dict):
        yield from _combined_errors(schema["not"], f"{path}.not", False)
    for name, part in (schema.get("properties") or {}).items():
        if not (root and name == "metadata"):
            yield from structural_errors(part, f"{path}.properties[{name}]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from structural_errors(schema["additionalProperties"], f"{path}.additionalProperties")
    if isinstance(schema.get("items"), dict):
        yield from structural_errors(schema["items"], f"{path}.items")


def _value_errors(schema: dict[str, Any], path: str) -> Iterator[FieldError]:
    """A pattern compiles and a default fits its own schema."""
    if "pattern" in schema:
        try:
            re.compile(schema["pattern"])
        except re.error as error:
            yield invalid(
                f"{path}.pattern", schema["pattern"], f"must be a valid regular expression, but isn't: {error}"
            )
    if "default" in schema:
        node = CustomNode(schema, lambda reference: FREE)
        for problem in violations(node, schema["default"]):
            yield FieldError(f"{path}.default", problem.reason, problem.text)


def _combined_errors(part: dict[str, Any], path: str, int_or_string: bool) -> Iterator[FieldError]:
    """Inside allOf and its kin only value validation is allowed."""
    for name in ("type", "default", "nullable", "title", "description", "additionalProperties"):
        if name in part and not (name == "type" and int_or_string):
            yield forbidden(f"{path}.{name}", "must be empty to be structural")


def _root_errors(schema: dict[str, Any], path: str) -> Iterator[FieldError]:
    metadata = (schema.get("properties") or {}).get("metadata")
    if metadata is not None and set(metadata.get("properties") or {}) - {"name", "generateName"}:
        yield forbidden(
            f"{path}.properties[metadata]",
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        )


def _list_errors(schema: dict[str, Any], path: str) -> Iterator[FieldError]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys")
    if schema.get("type") == "array" and not isinstance(schema.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    if kind is None:
        if keys:
            yield required(f"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty")
        return
    if kind not in ("atomic", "set", "map"):
        yield unsupported(f"{path}.x-kubernetes-list-type", kind, ("atomic", "map", "set"))
    if schema.get("type") != "array":
        yield invalid(f"{path}.type", schema.get("type", ""), "must be array if x-kubernetes-list-type is specified")
    if kind == "map":
        if not keys:
            yield required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
        items = schema.get("items") or {}
        for key in keys or ():
            if key not in (items.get("properties") or {}):
                yield invalid(
                    f"{path}.x-kubernetes-list-map-keys", keys, "entries must all be names of item properties"
                )
            elif key not in (items.get("required") or ()) and "default" not in items["properties"][key]:
                yield required(
                    f"{path}.items.properties[{key}].default",
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                )


def _conversion_errors(conversion: dict[str, Any]) -> list[FieldError]:
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook")
    if strategy == "None":
        return (
            [forbidden("spec.conversion.webhook", "should not be set when strategy is not set to Webhook")]
            if webhook
            else []
        )
    if strategy != "Webhook":
        return [unsupported("spec.conversion.strategy", strategy, ("None", "Webhook"))]
    if not webhook or not webhook.get("clientConfig"):
        why = "required when strategy is set to Webhook"
        return [
            required("spec.conversion.webhookClientConfig", why),
            required("spec.conversion.conversionReviewVersions"),
        ]
    if not webhook.get("conversionReviewVersions"):
        return [required("spec.conversion.conversionReviewVersions")]
    return client_errors(webhook["clientConfig"], "spec.conversion.webhookClientConfig")
