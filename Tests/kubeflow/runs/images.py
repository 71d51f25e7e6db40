"""The images of the steps: which file each has in `/`, as the Makefile says."""

import atexit
import importlib.util
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from daemon import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "kubeflow"
BUILD = re.compile(r"docker build --build-arg APP=(\S+) -t (\S+) \.")


@cache
def built(registry: str) -> dict[str, Path]:
    """The programs of the images that `make docker-build` makes for a registry, by the images' names."""
    command = ["make", "--no-print-directory", "-n", "-C", str(EXAMPLE), "docker-build", f"REGISTRY={registry}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {image: EXAMPLE / "steps" / program for program, image in BUILD.findall(told)}


def user() -> int:
    """The user whom the Dockerfile makes its containers run as."""
    [user] = re.findall(r"^USER (\d+)$", (EXAMPLE / "Dockerfile").read_text(), re.MULTILINE)
    return int(user)


@cache
def without_programs() -> tuple[str, str]:
    """What the Dockerfile makes of the client's package of programs: a directory without them, and where it belongs."""
    programs = Path(importlib.util.find_spec("vineyard").origin).parent / "bdist"
    directory = Path(tempfile.mkdtemp(prefix="vineyard-bdist-"))
    atexit.register(shutil.rmtree, directory)
    directory.chmod(0o755)
    shutil.copy(programs / "__init__.py", directory)
    return str(directory), str(programs)
