"""Discovery: which groups, versions and kinds there are."""

from __future__ import annotations

from typing import Any

from ..kinds import Kind
from ..registry import Registry

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def core_versions() -> dict[str, Any]:
    """The answer of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(registry: Registry) -> dict[str, list[str]]:
    """Versions by group, the core group apart, in the order they came to be."""
    found: dict[str, list[str]] = {}
    for kind in registry.all():
        if kind.group and kind.version not in found.setdefault(kind.group, []):
            found[kind.group].append(kind.version)
    return found


def group_list(registry: Registry) -> dict[str, Any]:
    """The answer of /apis."""
    entries = [_group(name, versions) for name, versions in groups(registry).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": entries}


def group(registry: Registry, name: str) -> dict[str, Any] | None:
    """The answer of /apis/GROUP."""
    versions = groups(registry).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def resources(registry: Registry, group_name: str, version: str) -> dict[str, Any] | None:
    """The answer of /api/v1 and /apis/GROUP/VERSION."""
    kinds = [kind for kind in registry.all() if (kind.group, kind.version) == (group_name, version)]
    if not kinds:
        return None
    entries = [entry for kind in sorted(kinds, key=lambda kind: kind.plural) for entry in _entries(kind)]
    group_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _entries(kind: Kind) -> list[dict[str, Any]]:
    main: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular or kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        main["shortNames"] = list(kind.short)
    if kind.categories:
        main["categories"] = list(kind.categories)
    return [main, *(_subresource_entry(kind, *entry) for entry in _subresources(kind))]


def _subresources(kind: Kind) -> list[tuple[str, str, tuple[str, ...]]]:
    found = list(kind.subresources)
    if kind.scale:
        found.append(("scale", "autoscaling/v1 Scale", ("get", "patch", "update")))
    if kind.status:
        found.append(("status", f"{kind.api_version} {kind.name}", ("get", "patch", "update")))
    return found


def _subresource_entry(kind: Kind, name: str, what: str, verbs: tuple[str, ...]) -> dict[str, Any]:
    api_version, _, kind_name = what.partition(" ")
    group_name, _, version = api_version.rpartition("/")
    entry: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind_name,
        "verbs": list(verbs),
    }
    if api_version != kind.api_version:
        entry |= {"group": group_name, "version": version}
    return entry


def aggregated(registry: Registry, core: bool) -> dict[str, Any]:
    """The answer of /api or /apis to clients that want everything at once."""
    names = {"": ["v1"]} if core else groups(registry)
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None},
            "versions": [
                {"version": version, "resources": _aggregated_kinds(registry, name, version), "freshness": "Current"}
                for version in versions
            ],
        }
        for name, versions in names.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_kinds(registry: Registry, group_name: str, version: str) -> list[dict[str, Any]]:
    kinds = [kind for kind in registry.all() if (kind.group, kind.version) == (group_name, version)]
    return [_aggregated_kind(kind) for kind in sorted(kinds, key=lambda kind: kind.plural)]


def _aggregated_kind(kind: Kind) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.name},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.name.lower(),
        "verbs": list(kind.verbs),
    }
    if kind.short:
        entry["shortNames"] = list(kind.short)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    below = []
    for name, what, verbs in _subresources(kind):
        api_version, _, kind_name = what.partition(" ")
        group_name, _, version = api_version.rpartition("/")
        response = {"group": group_name, "version": version, "kind": kind_name}
        below.append({"subresource": name, "responseKind": response, "verbs": list(verbs)})
    return entry | ({"subresources": below} if below else {})
