"""Rules of services and network policies."""

from __future__ import annotations

import ipaddress
from typing import Any

from ..admission.addresses import NODE_PORTS
from ..fielderrors import FieldError, duplicate, forbidden, invalid, required, unsupported
from . import names
from .containers import port_name, port_number
from .pods import selector_errors

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def service_errors(obj: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    """Rules of a service."""
    spec = obj["spec"]
    kind, ports = spec["type"], spec.get("ports") or []
    found: list[FieldError] = []
    if kind not in _TYPES:
        found.append(unsupported("spec.type", kind, _TYPES))
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        found.append(required("spec.ports"))
    if kind == "ExternalName" and not spec.get("externalName"):
        found.append(required("spec.externalName"))
    if headless and kind in ("NodePort", "LoadBalancer"):
        found.append(invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    if spec.get("clusterIP") and not headless and not _is_address(spec["clusterIP"]):
        found.append(
            invalid(
                "spec.clusterIPs",
                spec.get("clusterIPs"),
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            )
        )
    if spec["sessionAffinity"] not in ("ClientIP", "None"):
        found.append(unsupported("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None")))
    found += names.labels("spec.selector", spec.get("selector") or {})
    found += _port_errors(ports)
    had = old["spec"] if old is not None else {}
    had_address = had.get("clusterIP") and "ExternalName" not in (kind, had["type"])
    if had_address and spec.get("clusterIP") != had["clusterIP"]:
        found.append(invalid("spec.clusterIPs[0]", [spec.get("clusterIP")], "may not change once set"))
    return found


def _port_errors(ports: list[dict[str, Any]]) -> list[FieldError]:
    found: list[FieldError] = []
    seen_names: set[str] = set()
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        where = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            found.append(required(f"{where}.name"))
        elif name:
            found += names.label(f"{where}.name", name)
            if name in seen_names:
                found.append(duplicate(f"{where}.name", name))
            seen_names.add(name)
        found += port_number(port["port"], f"{where}.port")
        target = port.get("targetPort", port["port"])
        found += (
            port_name(target, f"{where}.targetPort")
            if isinstance(target, str)
            else port_number(target, f"{where}.targetPort")
        )
        if port["protocol"] not in ("TCP", "UDP", "SCTP"):
            found.append(unsupported(f"{where}.protocol", port["protocol"], ("SCTP", "TCP", "UDP")))
        key = (port["port"], port["protocol"])
        if key in seen:
            found.append(duplicate(where, {"port": port["port"], "protocol": port["protocol"]}))
        seen.add(key)
        if port.get("nodePort") and port["nodePort"] not in NODE_PORTS:
            found.append(
                invalid(
                    f"{where}.nodePort",
                    port["nodePort"],
                    f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}",
                )
            )
    return found


def policy_errors(obj: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    spec = obj.get("spec") or {}
    found = selector_errors(spec.get("podSelector") or {}, "spec.podSelector")
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        if kind not in ("Ingress", "Egress"):
            found.append(unsupported(f"spec.policyTypes[{index}]", kind, ("Egress", "Ingress")))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            where = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                found += _policy_port_errors(port, f"{where}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                found += _peer_errors(peer, f"{where}.{peers}[{number}]")
    return found


def _policy_port_errors(port: dict[str, Any], where: str) -> list[FieldError]:
    found: list[FieldError] = []
    if port["protocol"] not in ("TCP", "UDP", "SCTP"):
        found.append(unsupported(f"{where}.protocol", port["protocol"], ("SCTP", "TCP", "UDP")))
    number = port.get("port")
    if number is not None:
        check = port_name if isinstance(number, str) else port_number
        found += check(number, f"{where}.port")
    return found


def _peer_errors(peer: dict[str, Any], where: str) -> list[FieldError]:
    found: list[FieldError] = []
    selectors = [name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None]
    for name in selectors:
        found += selector_errors(peer[name], f"{where}.{name}")
    if peer.get("ipBlock") is not None and selectors:
        found.append(forbidden(where, "may not specify both ipBlock and another peer"))
    if peer.get("ipBlock") is None and not selectors:
        found.append(required(where, "must specify a peer"))
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
