"""A container, run as a program: `python container.py SPECIFICATION` becomes its command.

Its root is a file system of its own with the system's programs, Python and its packages, read-only, with the files of
its image in `/`, and with its volumes. Nothing else of the machine is there.
"""

import ctypes
import json
import os
import sys
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 0x4000, 0x40000
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt", "/dev", "/proc")


class Root:
    """The root of a container, on a directory that exists, in a mount namespace of this process's own."""

    def __init__(self, directory: str) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.directory = Path(directory)
        if self._libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        self._mount("none", "/", None, MS_REC | MS_PRIVATE)
        self._mount("none", directory, "tmpfs", 0, "mode=755")

    def _mount(self, source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
        arguments = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
        source_, target_, kind_, options_ = arguments
        if self._libc.mount(source_, target_, kind_, flags, options_) != 0:
            raise OSError(ctypes.get_errno(), "mount", source, None, target)

    def bind(self, source: str, path: str, read_only: bool) -> None:
        """Show a file or a directory of the machine, and what is mounted below it, at a path of the container."""
        target = self.directory / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(source).is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.touch()
        self._mount(source, str(target), None, MS_BIND | MS_REC)
        if read_only:
            self._mount("none", str(target), None, MS_BIND | MS_REMOUNT | MS_RDONLY)

    def add_system(self) -> None:
        """Show the system's directories, and an empty one for temporary files."""
        for path in map(Path, SYSTEM):
            if path.is_symlink():
                (self.directory / path.name).symlink_to(path.readlink())
            elif path.is_dir():
                self.bind(str(path), str(path), read_only=path.name not in ("dev", "proc"))
        temporary = self.directory / "tmp"
        temporary.mkdir()
        temporary.chmod(0o1777)


def main() -> None:
    """Make the root, enter it, become the user, become the command."""
    specification = json.loads(sys.argv[1])
    root = Root(specification["root"])
    root.add_system()
    for prefix in specification["prefixes"]:
        root.bind(prefix, prefix, read_only=True)
    for path, source in specification["files"].items():
        root.bind(source, path, read_only=True)
    for mount in specification["mounts"]:
        root.bind(mount["source"], mount["path"], mount["read_only"])
    os.chroot(root.directory)
    os.chdir("/")
    os.setgroups([])
    os.setgid(specification["user"])
    os.setuid(specification["user"])
    environment = specification["environment"]
    os.execvpe(specification["command"][0], specification["command"], environment)


if __name__ == "__main__":
    main()
