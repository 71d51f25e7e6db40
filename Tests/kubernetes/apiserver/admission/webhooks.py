"""Admission webhooks: reached only through ready endpoints, really called when a test gives a URL."""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp

from ..cluster import Cluster
from ..errors import ApiError, internal
from ..kinds import Kind
from ..merge.json_patch import json_patch
from ..objects.write import Write
from ..storage.selectors import matches

_GROUP = "admissionregistration.k8s.io"

# What match conditions mean, since there is no CEL here: one that is not listed is a mistake of the test.
_CONDITIONS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "has(object.spec.volumes) && object.spec.volumes.exists(v, has(v.persistentVolumeClaim) || has(v.ephemeral))": (
        lambda obj: any("persistentVolumeClaim" in v or "ephemeral" in v for v in obj["spec"].get("volumes") or ())
    ),
    "!has(object.spec.nodeName) || object.spec.nodeName == ''": lambda obj: not obj["spec"].get("nodeName"),
}


async def admit(
    cluster: Cluster,
    kind: Kind,
    obj: dict[str, Any] | None,
    old: dict[str, Any] | None,
    write: Write,
    subresource: str,
) -> Any:
    """The object after all webhooks that want to see the write. Raises what refuses it."""
    operation = "DELETE" if obj is None else "CREATE" if old is None else "UPDATE"
    if kind.group == _GROUP:
        return obj
    for mutating in (True, False):
        plural = "mutatingwebhookconfigurations" if mutating else "validatingwebhookconfigurations"
        for configuration in cluster.store.select(f"{_GROUP}/{plural}"):
            for webhook in configuration.obj.get("webhooks") or ():
                if _wants(cluster, webhook, kind, obj or old or {}, operation, subresource):
                    obj = await _call(cluster, webhook, kind, obj, old, operation, write, mutating)
    return obj


def _wants(
    cluster: Cluster, webhook: dict[str, Any], kind: Kind, obj: dict[str, Any], operation: str, subresource: str
) -> bool:
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    if not any(_rule_matches(rule, kind, resource, operation) for rule in webhook.get("rules") or ()):
        return False
    if not matches(webhook.get("objectSelector") or {}, obj["metadata"].get("labels")):
        return False
    if not all(_CONDITIONS[condition["expression"]](obj) for condition in webhook.get("matchConditions") or ()):
        return False
    if not kind.namespaced and not (kind.name == "Namespace" and not kind.group):
        return True
    if kind.namespaced:
        stored = cluster.store.get("/namespaces", ("", obj["metadata"]["namespace"]))
        labels = stored.obj["metadata"].get("labels") if stored else {}
    else:
        labels = obj["metadata"].get("labels")
    return matches(webhook.get("namespaceSelector") or {}, labels)


def _rule_matches(rule: dict[str, Any], kind: Kind, resource: str, operation: str) -> bool:
    def has(name: str, *values: str) -> bool:
        return any(value in rule.get(name, ()) for value in values)

    scope = rule.get("scope", "*")
    return (
        has("operations", operation, "*")
        and has("apiGroups", kind.group, "*")
        and has("apiVersions", kind.version, "*")
        and has("resources", resource, "*/*", *(("*",) if "/" not in resource else (f"{resource.split('/')[0]}/*",)))
        and scope in ("*", "Namespaced" if kind.namespaced else "Cluster")
    )


async def _call(
    cluster: Cluster,
    webhook: dict[str, Any],
    kind: Kind,
    obj: dict[str, Any] | None,
    old: dict[str, Any] | None,
    operation: str,
    write: Write,
    mutating: bool,
) -> dict[str, Any] | None:
    name = webhook["name"]
    try:
        url = _reachable(cluster, webhook)
        if url is None:
            return obj
        response = await _review(url, webhook, kind, obj, old, operation, write)
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        if webhook["failurePolicy"] == "Ignore":
            return obj
        raise internal(f'failed calling webhook "{name}": failed to call webhook: {error}') from None
    write.warnings += response.get("warnings") or []
    if not response.get("allowed"):
        status = response.get("status") or {}
        reason = status.get("message") or status.get("reason") or "denied without explanation"
        message = f'admission webhook "{name}" denied the request: {reason}'
        raise ApiError(status.get("code", 403) or 403, status.get("reason", "Forbidden"), message, {})
    if mutating and obj is not None and response.get("patch"):
        obj = json_patch(obj, json.loads(base64.b64decode(response["patch"])))
    return obj


def _reachable(cluster: Cluster, webhook: dict[str, Any]) -> str | None:
    """The URL to call; None for a service that is ready but whose answer is taken for granted.

    Raises `ConnectionError` for a service that no endpoint serves.
    """
    given = cluster.webhooks.get(webhook["name"])
    service = webhook["clientConfig"].get("service")
    if service is None:
        return given or webhook["clientConfig"]["url"]
    namespace, name = service["namespace"], service["name"]
    path = service.get("path", "")
    target = f"https://{name}.{namespace}.svc:{service['port']}{path}?timeout={webhook['timeoutSeconds']}s"
    if cluster.store.get("/services", (namespace, name)) is None:
        raise ConnectionError(f'Post "{target}": service "{name}" not found')
    endpoints = cluster.store.get("/endpoints", (namespace, name))
    subsets = (endpoints.obj.get("subsets") or []) if endpoints else []
    if not any(subset.get("addresses") for subset in subsets):
        raise ConnectionError(f'Post "{target}": no endpoints available for service "{name}"')
    return given + path if given else None


async def _review(
    url: str,
    webhook: dict[str, Any],
    kind: Kind,
    obj: dict[str, Any] | None,
    old: dict[str, Any] | None,
    operation: str,
    write: Write,
) -> dict[str, Any]:
    meta = (obj or old or {})["metadata"]
    gvk = {"group": kind.group, "version": kind.version, "kind": kind.name}
    gvr = {"group": kind.group, "version": kind.version, "resource": kind.plural}
    request = {
        "uid": str(uuid.uuid4()),
        "kind": gvk,
        "resource": gvr,
        "requestKind": gvk,
        "requestResource": gvr,
        "name": meta.get("name", ""),
        "namespace": meta.get("namespace", ""),
        "operation": operation,
        "userInfo": {"username": write.user.name, "groups": list(write.user.groups)},
        "object": obj,
        "oldObject": old,
        "dryRun": write.dry_run,
        "options": None,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    bundle = webhook["clientConfig"].get("caBundle")
    context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode() if bundle else None)
    service = webhook["clientConfig"].get("service")
    limit = aiohttp.ClientTimeout(total=webhook["timeoutSeconds"])
    host = f"{service['name']}.{service['namespace']}.svc" if service else None
    async with aiohttp.ClientSession(timeout=limit) as session:
        target = f"{url}?timeout={webhook['timeoutSeconds']}s"
        async with session.post(target, json=review, ssl=context, server_hostname=host) as reply:
            if reply.status != 200:
                raise ValueError(f"the server rejected our request for an unknown reason ({reply.status})")
            returned = await reply.json()
    gvk_of_answer = f"{returned.get('apiVersion', '')}, Kind={returned.get('kind', '')}"
    if gvk_of_answer != "admission.k8s.io/v1, Kind=AdmissionReview":
        raise ValueError(f"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {gvk_of_answer}")
    answer = returned.get("response")
    if answer is None:
        raise ValueError("webhook response was absent")
    if answer["uid"] != request["uid"]:
        raise ValueError(f'expected response.uid="{request["uid"]}", got "{answer["uid"]}"')
    if ("patch" in answer) != ("patchType" in answer):
        raise ValueError("webhook returned response.patch but not response.patchType, or the other way round")
    if answer.get("patchType", "JSONPatch") != "JSONPatch":
        raise ValueError(f"invalid webhook response.patchType {answer['patchType']}")
    return answer
