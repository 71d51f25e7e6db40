"""Taking rights from an account, as somebody who administers a cluster does."""

from __future__ import annotations

from typing import Any

from apiserver.client import Client
from waiting import eventually

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class Rights:
    """What a ClusterRole gives to a user in every namespace."""

    def __init__(self, api: Client, role: str, user: str) -> None:
        self._api = api
        self._path = f"{_RBAC}/clusterroles/{role}"
        self._user = user
        self._rules = api.get(self._path).json["rules"]

    def take(self, verb: str, group: str, resource: str) -> None:
        """Take one verb away, and wait until the API server has heard."""
        rules = [less for rule in self._rules for less in _without(rule, verb, group, resource)]
        assert rules != self._rules, f"nobody may {verb} {resource}"
        self._set(rules)
        eventually(lambda: not self._may(verb, group, resource), f"{self._user} may not {verb} {resource}")

    def give_back(self) -> None:
        self._set(self._rules)

    def _set(self, rules: list[dict[str, Any]]) -> None:
        reply = self._api.patch(self._path, {"rules": rules})
        assert reply.status == 200, reply.text

    def _may(self, verb: str, group: str, resource: str) -> bool:
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": "default"}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": self._user, "resourceAttributes": attributes},
        }
        return self._api.post(_REVIEWS, body).json["status"]["allowed"]


def _without(rule: dict[str, Any], verb: str, group: str, resource: str) -> list[dict[str, Any]]:
    """A rule for the resources but one, and what is left for that one."""
    if not (verb in rule["verbs"] and group in rule.get("apiGroups", ()) and resource in rule.get("resources", ())):
        return [rule]
    others = [each for each in rule["resources"] if each != resource]
    verbs = [each for each in rule["verbs"] if each != verb]
    rest = [rule | {"resources": others}] if others else []
    return rest + ([rule | {"resources": [resource], "verbs": verbs}] if verbs else [])
