"""What tests of the operator look at."""

from __future__ import annotations

from typing import Any

from deployments import NAMESPACE, OURS, SYSTEM, VINEYARDDS
from waiting import eventually

NAME = "vineyardd-sample"
DRIVERS = f"{OURS}/csidrivers"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
SECRET = f"{SYSTEM}/secrets/vineyard-webhook-server-cert"
HOOKS = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{HOOKS}/mutatingwebhookconfigurations/vineyard-mutating-webhook-configuration"
POLICY = f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets"


def cluster(name: str = NAME, **spec: Any) -> dict[str, Any]:
    """A Vineyardd."""
    return {
        "apiVersion": "k8s.v6d.io/v1alpha1",
        "kind": "Vineyardd",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"replicas": 1, **spec},
    }


def driver(name: str, *clusters: str, **spec: Any) -> dict[str, Any]:
    """A CSIDriver of some clusters of the namespace."""
    return {
        "apiVersion": "k8s.v6d.io/v1alpha1",
        "kind": "CSIDriver",
        "metadata": {"name": name},
        "spec": {"clusters": [{"namespace": NAMESPACE, "name": each} for each in clusters], **spec},
    }


def admitted(api) -> None:
    """Wait until the API server has somebody to ask about resources of ours, and the stand-in has done its part."""
    eventually(lambda: api.post(VINEYARDDS, cluster(), dryRun="All").status == 201, "resources are admitted")
    eventually(lambda: not any(map(_is_in_work, _configurations(api))), "the stand-in has set the webhooks")


def _configurations(api) -> list[dict[str, Any]]:
    return [
        item
        for kind in ("mutating", "validating")
        for item in api.get(f"{HOOKS}/{kind}webhookconfigurations").json["items"]
    ]


def _is_in_work(configuration: dict[str, Any]) -> bool:
    return any(entry["manager"] == "stand-in" for entry in configuration["metadata"].get("managedFields", ()))


def refused(api) -> None:
    """Wait until the API server asks a webhook of ours, which refuses what makes no sense."""
    wrong = cluster(vineyard={"size": "-1"})
    eventually(lambda: "denied the request" in api.post(VINEYARDDS, wrong, dryRun="All").text, "the webhook is asked")


def status(api, path: str) -> dict[str, Any]:
    return api.get(path).json.get("status") or {}


def condition(api, path: str, kind: str) -> dict[str, Any]:
    """A condition; empty when there is none."""
    conditions = status(api, path).get("conditions") or []
    return next((entry for entry in conditions if entry["type"] == kind), {})


def settled(api, path: str, state: str) -> dict[str, Any]:
    """Wait until the status is about the present specification and says a state."""

    def is_so():
        resource = api.get(path).json
        found = resource.get("status") or {}
        seen = found.get("observedGeneration") == resource.get("metadata", {}).get("generation")
        return found if seen and found.get("state") == state else None

    try:
        return eventually(is_so, f"{path} is {state}")
    except AssertionError as error:
        raise AssertionError(f"{error}, but {api.get(path).text}") from None


def ready(api, name: str = NAME) -> dict[str, Any]:
    """Wait until a cluster is ready."""
    return settled(api, f"{VINEYARDDS}/{name}", "Ready")


def running(api, name: str) -> dict[str, Any]:
    """Wait until a driver runs."""
    return settled(api, f"{DRIVERS}/{name}", "running")


def gone(api, path: str) -> None:
    eventually(lambda: api.get(path).status == 404, f"{path} is gone")


def events(api, name: str) -> list[tuple[str, str, str]]:
    """Type, reason and message of the events about a resource of ours."""
    return [
        (event["type"], event["reason"], event["message"])
        for event in api.get("/api/v1/events").json["items"]
        if event["involvedObject"].get("apiVersion", "").startswith("k8s.v6d.io")
        and event["involvedObject"]["name"] == name
    ]


def told(api, name: str, kind: str, reason: str) -> str:
    """Wait for an event about a resource of ours; returns its message."""

    def messages():
        return [message for *key, message in events(api, name) if key == [kind, reason]]

    return eventually(messages, f"the event {reason} about {name}")[0]


def writes(double, user: str) -> list[str]:
    """`METHOD path` of what a user has written, leases apart."""
    return [
        f"{request['method']} {request['path']}"
        for request in double.requests()
        if request["user"] == user and request["method"] != "GET" and "/leases" not in request["path"]
    ]
