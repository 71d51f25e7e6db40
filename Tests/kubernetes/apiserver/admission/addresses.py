"""Addresses and node ports of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cluster import Cluster

NODE_PORTS = range(30000, 32768)
_OUTWARD = ("NodePort", "LoadBalancer")


def allocate(cluster: Cluster, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Give a service the addresses and ports it needs; an update keeps those it had."""
    spec = obj["spec"]
    before = old["spec"] if old is not None else {}
    if before:
        _drop_unneeded(spec, before)
    if spec["type"] == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if name not in spec and name in before:
            spec[name] = before[name]
    used = {stored.obj["spec"].get("clusterIP") for stored in cluster.store.select("/services")}
    if not spec.get("clusterIP"):
        spec["clusterIP"] = next(
            address for n in range(256, 65000) if (address := f"10.96.{n // 256}.{n % 256}") not in used
        )
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in _OUTWARD:
        _node_ports(cluster, spec, before)


def _drop_unneeded(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Take away what only the former type needs, unless the update changes it too."""

    def drop(names: tuple[str, ...], needs: Callable[[dict[str, Any]], bool]) -> None:
        if needs(before) and not needs(spec):
            for name in names:
                if spec.get(name) == before.get(name):
                    spec.pop(name, None)

    drop(("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"), lambda spec: spec["type"] != "ExternalName")
    drop(("allocateLoadBalancerNodePorts", "loadBalancerClass"), lambda spec: spec["type"] == "LoadBalancer")
    drop(("externalTrafficPolicy",), lambda spec: spec["type"] in _OUTWARD or bool(spec.get("externalIPs")))
    if before["type"] in _OUTWARD and spec["type"] not in _OUTWARD:
        known = {None, *(port.get("nodePort") for port in before.get("ports") or ())}
        if all(port.get("nodePort") in known for port in spec.get("ports") or ()):
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)


def _node_ports(cluster: Cluster, spec: dict[str, Any], before: dict[str, Any]) -> None:
    used = {
        port.get("nodePort")
        for stored in cluster.store.select("/services")
        for port in stored.obj["spec"].get("ports") or ()
    }
    kept = {(port["port"], port.get("protocol")): port.get("nodePort") for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        if "nodePort" not in port:
            earlier = kept.get((port.get("port"), port.get("protocol")))
            port["nodePort"] = earlier or next(number for number in NODE_PORTS if number not in used)
            used.add(port["nodePort"])
