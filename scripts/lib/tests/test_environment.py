"""What the scripts bring a machine to before they work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# A Python whose virtual environments hold a package with the programs that the released client brings along.
STAND_IN = """#!/bin/sh
echo "$*" >>"{log}"
[ "$1 $2" = "-m venv" ] || exit 0
programs="$3/lib/python3.11/site-packages/vineyard/bdist"
mkdir -p "$3/bin" "$programs"
cp "$0" "$3/bin/python"
touch "$programs/__init__.py" "$programs/vineyardctl" "$programs/vineyardd"
"""


@pytest.fixture
def prepare(tmp_path: Path):
    """Calls a function of environment.sh in a repository with nothing but requirements; returns what Python was told."""
    log, python = tmp_path / "python.log", tmp_path / "interpreter"
    python.write_text(STAND_IN.format(log=log))
    python.chmod(0o755)
    for requirements in ("requirements.txt", "examples/kubeflow/requirements.txt"):
        (tmp_path / requirements).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / requirements, tmp_path / requirements)

    def call(function: str) -> list[str]:
        log.write_text("")
        script = f"""set -euo pipefail
            ROOT={tmp_path}; source {ROOT}/scripts/lib/environment.sh
            ensure_packages() {{ :; }}; find_python() {{ echo {python}; }}
            {function}"""
        subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
        return log.read_text().splitlines()

    return call


def test_the_example_gets_what_its_image_has_and_not_the_clients_programs(prepare, tmp_path: Path) -> None:
    told = prepare("ensure_example_python")
    assert any("install" in line and str(tmp_path / "examples/kubeflow/requirements.txt") in line for line in told)
    programs = tmp_path / ".venv-example/lib/python3.11/site-packages/vineyard/bdist"
    assert [path.name for path in programs.iterdir()] == ["__init__.py"]
    dockerfile = (ROOT / "examples/kubeflow/Dockerfile").read_text()
    assert "bdist/vineyardctl" in dockerfile and "bdist/vineyardd" in dockerfile


def test_the_tests_get_the_client_as_it_is(prepare, tmp_path: Path) -> None:
    assert any("install" in line and str(tmp_path / "requirements.txt") in line for line in prepare("ensure_python"))
    assert (tmp_path / ".venv/lib/python3.11/site-packages/vineyard/bdist/vineyardd").exists()


def test_given_an_environment_that_is_current_then_nothing_is_installed_until_the_requirements_change(
    prepare, tmp_path: Path
) -> None:
    prepare("ensure_example_python")
    assert prepare("ensure_example_python") == ["-c "]
    with open(tmp_path / "examples/kubeflow/requirements.txt", "a") as requirements:
        requirements.write("another==1\n")
    assert any("install" in line for line in prepare("ensure_example_python"))


def test_given_our_client_then_its_environment_is_that_of_the_example_with_it_until_the_package_changes(
    prepare, tmp_path: Path
) -> None:
    package = tmp_path / "python" / "vineyard"
    package.mkdir(parents=True)
    (package.parent / "pyproject.toml").touch()
    (tmp_path / "LICENSE").touch()
    told = prepare("ensure_own_example_python")
    requirements = (tmp_path / ".build/requirements-example-own.txt").read_text().splitlines()
    released = (tmp_path / "examples/kubeflow/requirements.txt").read_text().splitlines()
    assert {"vineyard==0.24.2", "vineyard-bdist==0.24.2"} == set(released) - set(requirements)
    assert sum("--no-deps" in line for line in told) == 1
    assert not any("--no-deps" in line for line in prepare("ensure_own_example_python"))
    (package / "version.py").write_text("1")
    assert any("--no-deps" in line for line in prepare("ensure_own_example_python"))
    assert sorted(path.name for path in package.parent.iterdir()) == ["pyproject.toml", "vineyard"]


def test_given_no_swift_then_the_quickstart_says_so_before_anything_is_downloaded(tmp_path: Path) -> None:
    for program in ("bash", "dirname", "mkdir"):
        (tmp_path / program).symlink_to(shutil.which(program))
    environment = {**os.environ, "PATH": str(tmp_path), "VINEYARDD": ""}
    done = subprocess.run(
        [ROOT / "scripts/quickstart", "--output", tmp_path], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "✗ swift not found; install Swift 6.3 or newer (https://www.swift.org/install) and put it on PATH"
    ]


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file()))
def test_given_a_script_when_asked_for_help_then_it_says_how_to_call_it_and_does_nothing(
    script: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHON": sys.executable, "VINEYARDD_OURS": "true"}
    # A program that installs or builds something would be one of these, and fail.
    for program in ("apt-get", "swift", "pip"):
        (tmp_path / program).write_text("#!/bin/sh\nexit 99\n")
        (tmp_path / program).chmod(0o755)
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    shown = subprocess.run([ROOT / "scripts" / script, "--help"], env=environment, capture_output=True, text=True)
    assert shown.returncode == 0 and shown.stdout.startswith(f"usage: scripts/{script}"), shown.stderr
    assert shown.stderr == ""
    wrong = subprocess.run([ROOT / "scripts" / script, "--no-such"], env=environment, capture_output=True, text=True)
    assert wrong.returncode == 2 and "--no-such" in wrong.stderr
