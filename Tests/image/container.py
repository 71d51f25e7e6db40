"""Containers as an OCI runtime (runc) makes them."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from seccomp import runtime_default

PATIENCE = 120

# In the order of their numbers.
CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
    "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
    "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()

# What containerd and Docker give where nothing else is asked for.
DEFAULT_CAPABILITIES = tuple(
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL "
        "AUDIT_WRITE"
    ).split()
)


def all_capabilities():
    """What a privileged container gets: all that the tests have to give."""
    status = Path("/proc/self/status").read_text()
    bound = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:")), 16)
    return tuple(f"CAP_{name}" for number, name in enumerate(CAPABILITIES) if bound >> number & 1)


@dataclass
class Process:
    """What to run and with which rights."""

    arguments: list[str]
    user: int
    group: int
    environment: dict[str, str] = field(default_factory=dict)
    additional_groups: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = DEFAULT_CAPABILITIES
    may_gain_privileges: bool = True
    read_only: bool = False
    privileged: bool = False
    # Path in the container: path on the machine, and whether it is read-only.
    mounts: dict[str, tuple[Path, bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What a finished program left behind."""

    status: int
    output: str
    story: str


class Container:
    """One container in a root file system. Its network is that of the tests."""

    def __init__(self, directory: Path, root: Path, process: Process):
        self._name = directory.name
        self._directory = directory
        self._runc = ["runc", "--root", str(directory / "state")]
        directory.mkdir()
        subprocess.run(["runc", "spec"], cwd=directory, check=True)
        path = directory / "config.json"
        path.write_text(json.dumps(_configuration(json.loads(path.read_text()), root, process)))
        self._running = None

    def start(self):
        """Start without waiting for anything."""
        with open(self._directory / "output", "wb") as output, open(self._directory / "story", "wb") as story:
            self._running = subprocess.Popen(
                [*self._runc, "run", "--bundle", self._directory, self._name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=story,
            )
        return self

    @property
    def story(self):
        """What the program wrote to standard error so far."""
        return (self._directory / "story").read_text(errors="replace")

    def until(self, condition, what):
        """Wait until something is so while the program runs; fails with its story."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._running.poll() is None, f"ended with {self._running.returncode}:\n{self.story}"
            assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}\n{self.story}"
            time.sleep(0.01)
        return self

    def wait(self):
        """Wait for the program's own end."""
        status = self._running.wait(PATIENCE)
        return Run(status, (self._directory / "output").read_text(), self.story)

    def execute(self, *arguments):
        """Run a further program in it, as `kubectl exec` and the kubelet's probes do."""
        done = subprocess.run(
            [*self._runc, "exec", self._name, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def processes(self):
        """Numbers of its processes, as the machine counts them."""
        listed = subprocess.run(
            [*self._runc, "ps", "--format", "json", self._name], capture_output=True, text=True, check=True
        )
        return json.loads(listed.stdout)

    def stop(self):
        """SIGTERM, and what the program left behind."""
        subprocess.run([*self._runc, "kill", self._name, "TERM"], check=True)
        return self.wait()

    def discard(self):
        """Remove it, running or not."""
        subprocess.run(
            [*self._runc, "delete", "--force", self._name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if self._running is not None:
            self._running.wait(PATIENCE)


def _configuration(template, root, process):
    capabilities = all_capabilities() if process.privileged else process.capabilities
    user = {"uid": process.user, "gid": process.group, "additionalGids": list(process.additional_groups)}
    template["process"] = {
        "terminal": False,
        "user": user,
        "args": process.arguments,
        "env": [f"{name}={value}" for name, value in process.environment.items()],
        "cwd": "/",
        "capabilities": {kind: list(capabilities) for kind in ("bounding", "effective", "permitted")},
        "noNewPrivileges": not process.may_gain_privileges,
    }
    template["root"] = {"path": str(root), "readonly": process.read_only}
    template["mounts"] = [mount for mount in template["mounts"] if mount["destination"] not in _replaced(process)]
    template["mounts"] += [
        {"destination": destination, "source": str(source), "options": ["rbind", "ro" if read_only else "rw"]}
        for destination, (source, read_only) in process.mounts.items()
    ]
    linux = template["linux"]
    linux["namespaces"] = [space for space in linux["namespaces"] if space["type"] != "network"]
    if process.privileged:
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
        linux["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
    else:
        linux["seccomp"] = runtime_default(capabilities)
    return template


def _replaced(process):
    """Mounts of the template that the container has others for, or that need a cgroup hierarchy of a certain kind."""
    return {*process.mounts, "/sys/fs/cgroup"}
