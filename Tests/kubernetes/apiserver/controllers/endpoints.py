"""Endpoints and EndpointSlices of services: their pods' addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..cluster import Cluster
from ..storage.versions import Event
from . import actions
from .pod_state import is_active, is_ready

_MANAGER = "kube-controller-manager"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "/services":
        yield event.key
    elif event.prefix == "/pods":
        versions = [stored.obj for stored in (event.previous, event.current) if stored is not None]
        for service in actions.list_all(cluster, "Service", event.key[0]):
            selector = service["spec"].get("selector")
            if selector and any(_has_labels(pod, selector) for pod in versions):
                yield event.key[0], service["metadata"]["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Bring the Endpoints of a service up to date."""
    service = actions.get(cluster, "Service", *key)
    existing = actions.get(cluster, "Endpoints", *key)
    if service is None:
        if existing is not None and "ownerReferences" not in existing["metadata"]:
            await actions.remove(cluster, existing)
        return None
    selector = service["spec"].get("selector")
    if not selector or "deletionTimestamp" in service["metadata"]:
        return None
    subsets = _subsets(service, [pod for pod in actions.list_all(cluster, "Pod", key[0]) if _selected(pod, selector)])
    if existing is None:
        meta = {"name": key[1], "namespace": key[0], "labels": service["metadata"].get("labels", {})}
        obj: dict[str, Any] = {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta}
        await actions.make(cluster, _MANAGER, obj | ({"subsets": subsets} if subsets else {}))
        await _slice(cluster, service, subsets)
    elif existing.get("subsets", []) != subsets:
        await actions.change(cluster, _MANAGER, existing, lambda altered: _set(altered, subsets))
        await _slice(cluster, service, subsets)
    return None


def _set(obj: actions.Obj, subsets: list[actions.Obj]) -> None:
    obj["subsets"] = subsets
    if not subsets:
        del obj["subsets"]


def _selected(pod: actions.Obj, selector: dict[str, str]) -> bool:
    return is_active(pod) and "podIP" in pod["status"] and _has_labels(pod, selector)


def _has_labels(pod: actions.Obj, selector: dict[str, str]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())


def _subsets(service: actions.Obj, pods: list[actions.Obj]) -> list[actions.Obj]:
    if not pods:
        return []
    public = service["spec"].get("publishNotReadyAddresses", False)
    parts = {
        "addresses": [_address(pod) for pod in pods if public or is_ready(pod)],
        "notReadyAddresses": [_address(pod) for pod in pods if not (public or is_ready(pod))],
    }
    subset: dict[str, Any] = {name: addresses for name, addresses in parts.items() if addresses}
    ports = [_port(port, pods[0]) for port in service["spec"].get("ports") or ()]
    return [subset | ({"ports": ports} if ports else {})]


def _address(pod: actions.Obj) -> actions.Obj:
    meta = pod["metadata"]
    target = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target}


def _port(port: actions.Obj, pod: actions.Obj) -> actions.Obj:
    number = port["targetPort"]
    if isinstance(number, str):
        named = [
            p["containerPort"]
            for c in pod["spec"]["containers"]
            for p in c.get("ports") or ()
            if p.get("name") == number
        ]
        number = named[0] if named else port["port"]
    entry = {"port": number, "protocol": port["protocol"]}
    return entry | ({"name": port["name"]} if port.get("name") else {})


async def _slice(cluster: Cluster, service: actions.Obj, subsets: list[actions.Obj]) -> None:
    """The EndpointSlice that says the same as the Endpoints."""
    meta = service["metadata"]
    name = f"{meta['name']}-slice"
    endpoints = [
        {
            "addresses": [address["ip"]],
            "conditions": {"ready": part == "addresses", "serving": part == "addresses", "terminating": False},
            "nodeName": address["nodeName"],
            "targetRef": address["targetRef"],
        }
        for subset in subsets
        for part in ("addresses", "notReadyAddresses")
        for address in subset.get(part, ())
    ]
    ports = [{"name": "", **port} for subset in subsets for port in subset.get("ports", ())]
    existing = actions.get(cluster, "EndpointSlice", meta["namespace"], name)
    if existing is not None:
        await actions.change(
            cluster, _MANAGER, existing, lambda altered: altered.update(endpoints=endpoints, ports=ports)
        )
        return
    labels = {
        "kubernetes.io/service-name": meta["name"],
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    metadata = {
        "name": name,
        "namespace": meta["namespace"],
        "labels": labels,
        "ownerReferences": [actions.owner_reference(service)],
    }
    obj = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4"}
    await actions.make(cluster, _MANAGER, obj | {"endpoints": endpoints, "ports": ports})
