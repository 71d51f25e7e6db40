"""The committed YAML is what the real SDKs make of the programs beside it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon import REPOSITORY
from runs.images import EXAMPLE

COMPILED = {
    "kfp-v1": ("pipeline", "pipeline-with-vineyard"),
    "kfp-v2": ("pipeline-kfp-v2", "pipeline-kfp-v2-with-vineyard", "pipeline-kfp-v2-workspace", "hera-workflow"),
}
COMPILE_TIME = re.compile(r"(pipeline_compilation_time: ')[^']*(')")
BY_HAND = ("argo-workflow", "argo-container-set", "prepare-data", "rbac")


def interpreter(sdk: str) -> Path:
    """The Python that has an SDK; scripts/test and the Makefile each make one."""
    for root in (REPOSITORY, EXAMPLE):
        python = root / f".venv-{sdk}" / "bin" / "python"
        if python.exists():
            return python
    pytest.skip(f"no environment with {sdk}: scripts/test --kubeflow makes it, given Python 3.11 or 3.12")


def timeless(text: str) -> str:
    return COMPILE_TIME.sub(r"\1\2", text)


@pytest.mark.parametrize(("sdk", "name"), [(sdk, name) for sdk, names in COMPILED.items() for name in names])
def test_given_the_sdk_when_a_pipeline_is_compiled_then_it_is_what_is_committed(sdk, name, tmp_path):
    python = interpreter(sdk)
    program = Path(shutil.copy(EXAMPLE / f"{name}.py", tmp_path))

    done = subprocess.run([python, "-W", "ignore", program], capture_output=True, text=True, timeout=150)

    assert done.returncode == 0, done.stderr
    made, committed = program.with_suffix(".yaml").read_text(), (EXAMPLE / f"{name}.yaml").read_text()
    assert timeless(made) == timeless(committed), "make -C examples/kubeflow compile"


def test_given_the_requirements_of_each_sdk_then_they_name_the_versions_that_compiled():
    versions = {sdk: (EXAMPLE / f"requirements-{sdk}.txt").read_text().splitlines() for sdk in COMPILED}
    told = (EXAMPLE / "pipeline.yaml").read_text(), (EXAMPLE / "pipeline-kfp-v2.yaml").read_text()
    assert "kfp==" + re.search(r"kfp_sdk_version: ([\d.]+)", told[0]).group(1) in versions["kfp-v1"]
    assert "kfp==" + re.search(r"sdkVersion: kfp-([\d.]+)", told[1]).group(1) in versions["kfp-v2"]


def test_given_the_yaml_of_the_example_then_each_is_compiled_or_known_to_be_written_by_hand():
    files = {path.stem for path in EXAMPLE.glob("*.yaml")}
    assert files == {name for names in COMPILED.values() for name in names} | set(BY_HAND)
    assert {path.stem for path in EXAMPLE.glob("*.py")} == files - set(BY_HAND)


def test_given_argos_own_types_when_a_workflow_is_read_into_them_then_nothing_of_it_is_unknown():
    python = interpreter("kfp-v2")
    names = ["argo-workflow", "argo-container-set", "hera-workflow", *COMPILED["kfp-v1"]]
    program = """
import sys, yaml
from hera.workflows.models import Workflow

def missing(told, read, path):
    if isinstance(told, dict):
        for key, value in told.items():
            yield from missing(value, read.get(key) if isinstance(read, dict) else None, f"{path}.{key}")
    elif isinstance(told, list):
        for number, value in enumerate(told):
            yield from missing(value, read[number] if isinstance(read, list) else None, f"{path}[{number}]")
    elif told != read:
        yield f"{path}: {told!r} is read as {read!r}"

for path in sys.argv[1:]:
    told = yaml.safe_load(open(path))
    read = Workflow.model_validate(told).model_dump(mode="json", by_alias=True, exclude_none=True)
    for line in missing(told, read, path):
        print(line)
"""
    done = subprocess.run([python, "-c", program, *(EXAMPLE / f"{name}.yaml" for name in names)],
                          capture_output=True, text=True, timeout=150)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
