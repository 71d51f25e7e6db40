"""The program `vineyardctl` as functions: `vineyardctl.deploy.vineyard_cluster(name="…")`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

_VARIABLE = "VINEYARDCTL"


def find_vineyardctl_path() -> str | None:
    """The program: that of the environment, that of this package, or the first one on the path."""
    bundled = os.path.join(os.path.dirname(__file__), "..", "bin", "vineyardctl")
    for path in (os.environ.get(_VARIABLE), bundled):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return shutil.which("vineyardctl")


class Command:
    """A command; attributes are its subcommands, keywords its flags."""

    def __init__(self, words: tuple[str, ...] = ()) -> None:
        self._words = words

    def __getattr__(self, name: str) -> Command:
        if name.startswith("__"):
            raise AttributeError(name)
        return Command((*self._words, name.rstrip("_").replace("_", "-")))

    def __call__(self, *arguments: str, capture: bool = False, **flags: Any) -> Any:
        """Run the command; with `capture` its output is returned."""
        program = find_vineyardctl_path()
        if program is None:
            raise RuntimeError(f"there is no vineyardctl: put it on PATH, or its path into {_VARIABLE}")
        words = [program, *self._words, *arguments]
        for name, value in flags.items():
            if value is not None:
                text = value if isinstance(value, str) else json.dumps(value)
                words.append(f"--{name.replace('_', '-')}={text}")
        if capture:
            return subprocess.check_output(words, text=True).strip()
        return subprocess.check_call(words)

    def __repr__(self) -> str:
        return " ".join(("vineyardctl", *self._words))


vineyardctl = Command()


def become(arguments: list[str]) -> None:
    """Become the program.

    Raises:
        SystemExit: there is none.
    """
    program = find_vineyardctl_path()
    if program is None:
        raise SystemExit(f"vineyard.ctl: there is no vineyardctl: put it on PATH, or its path into {_VARIABLE}")
    os.execv(program, [program, *arguments])
