"""The mounts of this namespace, as the kernel lists them."""

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    root: str
    """The directory of the file system that it shows."""
    point: str
    options: frozenset

    @property
    def is_read_only(self):
        return "ro" in self.options


def _unescape(text):
    return text.encode().decode("unicode_escape") if "\\" in text else text


def every():
    """All mounts, in the order in which they were made."""
    with open("/proc/self/mountinfo") as table:
        fields = [line.split(" ") for line in table]
    return [Mount(_unescape(f[3]), _unescape(f[4]), frozenset(f[5].split(","))) for f in fields]


def at(path):
    """The mounts on a path, the lowest first."""
    return [mount for mount in every() if mount.point == str(path)]


def below(directory):
    """The mounts on paths in a directory."""
    return [mount for mount in every() if mount.point.startswith(f"{directory}/")]


def bind(source, target):
    """Mounts a directory on another, as the original's driver does."""
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)


def clear(directory):
    """Takes off what is left in a directory."""
    for mount in reversed(below(directory)):
        subprocess.run(["umount", "--lazy", mount.point], check=False, capture_output=True)
