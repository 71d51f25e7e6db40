"""What this machine is and how much memory and disk it can spare."""

import mmap
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from .progress import QuickstartError

MADV_POPULATE_WRITE = 23  # madvise(2), from Linux 5.14 on


def _meminfo(key: str) -> int:
    """Return one value of /proc/meminfo, in bytes; 0 if it is not there (proc(5))."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0


def _cgroup_room() -> int | None:
    """Return the bytes left under the tightest memory limit of this control group (cgroup v2), if any."""
    try:
        own = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    root = Path("/sys/fs/cgroup")
    group = root / own[3:].lstrip("/")
    rooms = []
    while True:
        try:
            limit = (group / "memory.max").read_text().strip()
            if limit != "max":
                used = int((group / "memory.current").read_text())
                stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
                rooms.append(int(limit) - used + int(stat.get("inactive_file", 0)))
        except (OSError, ValueError):
            pass
        if group == root:
            return min(rooms, default=None)
        group = group.parent


def available_memory() -> int:
    """Return the bytes that can be used without swapping or meeting a container's limit."""
    free = _meminfo("MemAvailable")
    room = _cgroup_room()
    return free if room is None else min(free, room)


def free_disk(directory: Path) -> int:
    """Return the bytes an ordinary user can still write under `directory`."""
    facts = os.statvfs(directory)
    return facts.f_bavail * facts.f_frsize


def file_system(directory: Path) -> str:
    """Return the type of the file system that holds `directory` (proc_pid_mountinfo(5))."""
    best, kind = "", "unknown"
    path = str(directory.resolve())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, details = line.partition(" - ")
        mount = fields.split()[4]
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, details.split()[0]
    return kind


def _first_line(path: str, key: str, default: str) -> str:
    """Return the value after `key` in a key-separator-value file."""
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(key):
                return line[len(key) :].strip(' \t:="')
    except OSError:
        pass
    return default


def _switch(path: str) -> str:
    """Return the chosen word of a file like `always [madvise] never`."""
    try:
        return Path(path).read_text().split("[")[1].split("]")[0]
    except (OSError, IndexError):
        return "unknown"


def store_version(command: list[str]) -> str:
    """Return what the store says of its versions, its own first, or `unknown`."""
    try:
        answer = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = (answer.stdout.strip() or answer.stderr.strip() or "unknown").splitlines()
    return ", compatible with ".join(line.strip() for line in reversed(lines[:2]))


def own_client_version(python: str) -> str:
    """Return the version of our client in an environment; raise QuickstartError when it is not there."""
    program = "import vineyard; print(vineyard.__version__)"
    done = subprocess.run([python, "-P", "-c", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise QuickstartError(
            f"{python} has no client", "scripts/quickstart installs it", done.stderr.splitlines()[-2:]
        )
    return done.stdout.strip()


def new_memory() -> str:
    """Return how fast the kernel gives new memory, which on a virtual machine may have to come from the host first."""
    size = 256 << 20
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        start = time.monotonic()
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
            memory.madvise(MADV_POPULATE_WRITE)
        except (AttributeError, OSError):
            return "unknown"
        return f"{size / (time.monotonic() - start) / 1e9:.1f} GB/s when it is written to first"


def facts(data_directory: Path, store_command: list[str], own_python: str) -> dict[str, str]:
    """Return the facts a reader needs to judge the figures, ready to print."""
    huge_pages = "/sys/kernel/mm/transparent_hugepage"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pandas", "numpy", "scikit-learn"))
    return {
        "Store": store_version(store_command),
        "Clients": f"ours {own_client_version(own_python)}, released {version('vineyard')}",
        "Python": f"{platform.python_version()}, {libraries}",
        "Processor": _first_line("/proc/cpuinfo", "model name", platform.machine()),
        "Cores": str(len(os.sched_getaffinity(0))),
        "Memory": f"{_meminfo('MemTotal') / 1e9:.1f} GB, {available_memory() / 1e9:.1f} GB free before the run",
        "New memory": new_memory(),
        "System": f"{_first_line('/etc/os-release', 'PRETTY_NAME', 'Linux')}, Linux {platform.release()}",
        "Huge pages here": f"{_switch(huge_pages + '/enabled')}, for shared memory {_switch(huge_pages + '/shmem_enabled')}",
        "Pickles on": file_system(data_directory),
    }
