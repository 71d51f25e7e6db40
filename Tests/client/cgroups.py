"""Memory cgroups of version 1 or 2, where this machine lets a test make one."""

import os
import shlex
from pathlib import Path

import pytest

from daemon import Daemon, daemon_command

MOUNT = Path("/sys/fs/cgroup")


def own_path(controller):
    """The path of this process in a hierarchy; the unified one for an empty controller."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") if controller else not controllers:
            return path.lstrip("/")
    return ""


class MemoryGroup:
    """A cgroup with a limit, below that of this process. Processes in it are killed when they exceed it."""

    def __init__(self, name, limit):
        candidates = [(MOUNT / "memory" / own_path("memory"), "memory.limit_in_bytes"),
                      (MOUNT / own_path(""), "memory.max")]  # fmt: skip
        for parent, self.limit_file in candidates:
            self.directory = parent / f"{name}-{os.getpid()}"
            try:
                if self.limit_file == "memory.max" and "memory" not in (parent / "cgroup.subtree_control").read_text():
                    continue
                self.directory.mkdir(exist_ok=True)
                (self.directory / self.limit_file).write_text(str(limit))
                return
            except OSError:
                continue
        pytest.skip("no memory cgroup can be made here")

    @property
    def kills(self):
        """Processes that the kernel has ended because of the limit."""
        file = "memory.oom_control" if self.limit_file.endswith("in_bytes") else "memory.events"
        for line in (self.directory / file).read_text().splitlines():
            name, value = line.split()
            if name == "oom_kill":
                return int(value)
        return 0

    @property
    def usage(self):
        file = "memory.usage_in_bytes" if self.limit_file.endswith("in_bytes") else "memory.current"
        return int((self.directory / file).read_text())

    def command(self, directory):
        """The words that start the daemon in this group."""
        script = Path(directory) / "in-group"
        words = shlex.join(daemon_command())
        script.write_text(f'#!/bin/sh\necho $$ > {self.directory}/cgroup.procs\nexec {words} "$@"\n')
        script.chmod(0o755)
        return [str(script)]

    def remove(self):
        self.directory.rmdir()


class DaemonInGroup(Daemon):
    """A daemon that is told no size, or one."""

    def __init__(self, group, directory, size=None, flags=()):
        super().__init__(size="0" if size is None else size, rpc=False, flags=flags, command=group.command(directory))
