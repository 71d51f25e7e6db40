"""What a request's method and path mean: verb, kind, namespace, name, subresource."""

from __future__ import annotations

from dataclasses import dataclass

from .. import errors
from ..access.denials import Attributes
from ..kinds import Kind
from ..registry import Registry

_COLLECTION_VERBS = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT_VERBS = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


@dataclass(frozen=True)
class Target:
    """A request for objects of a kind."""

    verb: str
    kind: Kind
    namespace: str
    name: str
    subresource: str

    @property
    def attributes(self) -> Attributes:
        """The request as authorization sees it; one for a namespace counts as made in it."""
        is_namespace = self.kind.name == "Namespace" and not self.kind.group
        namespace = self.name if is_namespace else self.namespace
        return Attributes(self.verb, self.kind.group, self.kind.plural, self.subresource, namespace, self.name)


def target_of(registry: Registry, method: str, path: str, watching: bool) -> Target:
    """The target of a request. Raises 404 for a path that isn't served and 405 for a method."""
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        group, rest = "", parts[1:]
    elif parts[0] == "apis" and len(parts) > 1:
        group, rest = parts[1], parts[2:]
    else:
        raise errors.no_such_path()
    if len(rest) < 2:
        raise errors.no_such_path()
    version, rest = rest[0], rest[1:]
    if rest[0] == "watch":
        rest, watching = rest[1:], True
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and registry.at(group, version, rest[2]) is not None:
        namespace, rest = rest[1], rest[2:]
    if not any((kind.group, kind.version) == (group, version) for kind in registry.all()):
        raise errors.no_such_page()
    kind = registry.at(group, version, rest[0]) if rest else None
    if kind is None or len(rest) > 4 or (namespace and not kind.namespaced):
        raise errors.no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if kind.name == "Namespace" and name:
        namespace = ""
    return Target(_verb(method, kind, namespace, name, subresource, watching), kind, namespace, name, subresource)


def _verb(method: str, kind: Kind, namespace: str, name: str, subresource: str, watching: bool) -> str:
    if name and kind.namespaced and not namespace:
        raise errors.no_such_path()
    verb = (_OBJECT_VERBS if name else _COLLECTION_VERBS).get(method)
    if subresource:
        _check_subresource(kind, subresource, verb)
    if verb is None or (verb == "create" and bool(name) != bool(subresource)):
        raise errors.method_not_allowed()
    if verb == "create" and kind.namespaced and not namespace:
        raise errors.method_not_allowed()
    if watching and verb in ("list", "get"):
        verb = "watch"
    if not subresource and verb not in kind.verbs:
        raise errors.method_not_allowed()
    return verb


def _check_subresource(kind: Kind, subresource: str, verb: str | None) -> None:
    served = {name: verbs for name, _, verbs in kind.subresources}
    if kind.status:
        served["status"] = ("get", "patch", "update")
    if kind.scale:
        served["scale"] = ("get", "patch", "update")
    if subresource not in served:
        raise errors.no_such_path()
    if verb not in served[subresource]:
        raise errors.method_not_allowed()
