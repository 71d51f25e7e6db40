"""The system calls that `seccompProfile: RuntimeDefault` leaves a container."""

import json
import platform
from pathlib import Path

PROFILE = Path("/usr/share/containers/seccomp.json")
ARCHITECTURE, MACHINE = {"x86_64": ("SCMP_ARCH_X86_64", "amd64"), "aarch64": ("SCMP_ARCH_AARCH64", "arm64")}[
    platform.machine()
]


def runtime_default(capabilities):
    """The profile that container runtimes share, for a container with these capabilities."""
    profile = json.loads(PROFILE.read_text())
    machine = next(arch for arch in profile["archMap"] if arch["architecture"] == ARCHITECTURE)
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [machine["architecture"], *machine["subArchitectures"]],
        "syscalls": [rule for syscall in profile["syscalls"] for rule in _rules(syscall, set(capabilities))],
    }


def _rules(syscall, capabilities):
    includes, excludes = syscall.get("includes") or {}, syscall.get("excludes") or {}
    if not set(includes.get("caps", ())) <= capabilities or set(excludes.get("caps", ())) & capabilities:
        return
    if MACHINE not in includes.get("arches", [MACHINE]) or MACHINE in excludes.get("arches", ()):
        return
    rule = {"names": syscall["names"], "action": syscall["action"], "args": syscall.get("args") or []}
    if "errnoRet" in syscall:
        rule["errnoRet"] = syscall["errnoRet"]
    yield rule
