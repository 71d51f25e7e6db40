"""Pod Security: what a namespace's labels enforce on pods, and warn about in workloads.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/. Checks of Windows, SELinux, AppArmor,
sysctls, /proc and probes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import errors
from ..cluster import Cluster
from ..kinds import Kind

Obj = dict[str, Any]
_PREFIX = "pod-security.kubernetes.io/"
_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def admit(cluster: Cluster, kind: Kind, obj: Obj) -> list[str]:
    """Refuse a pod that its namespace doesn't allow; returns warnings."""
    namespace = cluster.store.get("/namespaces", ("", obj["metadata"].get("namespace", "")))
    labels = namespace.obj["metadata"].get("labels", {}) if namespace else {}
    spec = obj["spec"] if kind.name == "Pod" else (obj.get("spec", {}).get("template") or {}).get("spec")
    if kind.custom is not None or not isinstance(spec, dict) or "containers" not in spec:
        return []
    enforced = _verdict(spec, labels, "enforce")
    if kind.name == "Pod" and enforced:
        raise errors.forbidden(kind, obj["metadata"]["name"], f"violates PodSecurity {enforced}")
    warned = _verdict(spec, labels, "warn") or (kind.name != "Pod" and enforced)
    return [f"would violate PodSecurity {warned}"] if warned else []


def _verdict(spec: Obj, labels: Obj, mode: str) -> str:
    level = labels.get(_PREFIX + mode, "privileged")
    checks = {"baseline": _BASELINE, "restricted": _RESTRICTED}.get(level, ())
    found = [text for check in checks if (text := check(spec))]
    return f'"{level}:{labels.get(f"{_PREFIX}{mode}-version", "latest")}": {", ".join(found)}' if found else ""


def _containers(spec: Obj, breaks: Callable[[Obj], Any]) -> str:
    """The containers that break a rule, as messages name them."""
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return _names("container", (c["name"] for c in every if breaks(c)))


def _names(noun: str, names: Iterable[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"{noun}{'s' if len(quoted) > 1 else ''} {', '.join(quoted)}" if quoted else ""


def _own(container: Obj, field: str) -> Any:
    return (container.get("securityContext") or {}).get(field)


def _shared(spec: Obj, field: str) -> Any:
    return (spec.get("securityContext") or {}).get(field)


def _added(container: Obj) -> set[str]:
    return set((_own(container, "capabilities") or {}).get("add") or ())


def _baseline_capabilities(spec: Obj) -> str:
    found = _containers(spec, lambda c: _added(c) - _CAPABILITIES)
    every = [*(spec.get("initContainers") or ()), *spec["containers"]]
    extra = sorted(set().union(*map(_added, every)) - _CAPABILITIES)
    shown = ", ".join(f'"{name}"' for name in extra)
    return (
        f"non-default capabilities ({found} must not include {shown} in securityContext.capabilities.add)"
        if found
        else ""
    )


def _host_namespaces(spec: Obj) -> str:
    found = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return f"host namespaces ({', '.join(found)})" if found else ""


def _host_paths(spec: Obj) -> str:
    found = _names("volume", (v["name"] for v in spec.get("volumes") or () if "hostPath" in v))
    return f"hostPath volumes ({found})" if found else ""


def _host_ports(spec: Obj) -> str:
    ports = sorted({str(p["hostPort"]) for c in spec["containers"] for p in c.get("ports") or () if p.get("hostPort")})
    found = _containers(spec, lambda c: any(p.get("hostPort") for p in c.get("ports") or ()))
    noun = "hostPorts" if len(ports) > 1 else "hostPort"
    return f"hostPort ({found} use{'' if 'containers' in found else 's'} {noun} {', '.join(ports)})" if found else ""


def _privileged(spec: Obj) -> str:
    found = _containers(spec, lambda c: _own(c, "privileged"))
    return f"privileged ({found} must not set securityContext.privileged=true)" if found else ""


def _escalation(spec: Obj) -> str:
    found = _containers(spec, lambda c: _own(c, "allowPrivilegeEscalation") is not False)
    text = f"allowPrivilegeEscalation != false ({found} must set securityContext.allowPrivilegeEscalation=false)"
    return text if found else ""


def _restricted_capabilities(spec: Obj) -> str:
    def keeps(container: Obj) -> bool:
        return "ALL" not in ((_own(container, "capabilities") or {}).get("drop") or ())

    kept = _containers(spec, keeps)
    added = _containers(spec, lambda c: _added(c) - {"NET_BIND_SERVICE"})
    parts = [f'{kept} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    if added:
        every = [*(spec.get("initContainers") or ()), *spec["containers"]]
        names = sorted(set().union(*map(_added, every)) - {"NET_BIND_SERVICE"})
        shown = ", ".join(f'"{name}"' for name in names)
        parts.append(f"{added} must not include {shown} in securityContext.capabilities.add")
    return f"unrestricted capabilities ({'; '.join(parts)})" if parts else ""


def _volumes(spec: Obj) -> str:
    bad = {v["name"]: next(iter(set(v) - {"name"}), "") for v in spec.get("volumes") or () if not set(v) & _VOLUMES}
    kinds = sorted(set(bad.values()))
    shown = ", ".join(f'"{kind}"' for kind in kinds)
    uses = f"use{'' if len(bad) > 1 else 's'} restricted volume type{'s' if len(kinds) > 1 else ''} {shown}"
    return f"restricted volume types ({_names('volume', bad)} {uses})" if bad else ""


def _non_root(spec: Obj) -> str:
    bad = _containers(spec, lambda c: _own(c, "runAsNonRoot") is False)
    if bad:
        return f"runAsNonRoot != true ({bad} must not set securityContext.runAsNonRoot=false)"
    found = _containers(spec, lambda c: _own(c, "runAsNonRoot") is None) if not _shared(spec, "runAsNonRoot") else ""
    return f"runAsNonRoot != true (pod or {found} must set securityContext.runAsNonRoot=true)" if found else ""


def _root_user(spec: Obj) -> str:
    found = ["pod"] if _shared(spec, "runAsUser") == 0 else []
    found += [text] if (text := _containers(spec, lambda c: _own(c, "runAsUser") == 0)) else []
    return f"runAsUser=0 ({' and '.join(found)} must not set runAsUser=0)" if found else ""


def _seccomp(spec: Obj) -> str:
    good = ("RuntimeDefault", "Localhost")
    if (_shared(spec, "seccompProfile") or {}).get("type") in good:
        return ""
    found = _containers(spec, lambda c: (_own(c, "seccompProfile") or {}).get("type") not in good)
    must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {found} {must})" if found else ""


_COMMON = (_host_namespaces, _host_ports, _privileged)
_BASELINE = (_baseline_capabilities, _host_namespaces, _host_paths, _host_ports, _privileged)
_RESTRICTED = (*_COMMON, _escalation, _restricted_capabilities, _volumes, _non_root, _root_user, _seccomp)
