"""Manifests, images and pipelines agree with each other, and repeat none of the mistakes of the original's tutorial."""

import re
import subprocess

import kubernetes_validate
import pytest
import yaml

from apiserver import quantity
from pipelines import manifests
from runs.cluster import CLASSES
from runs.images import EXAMPLE, built, user

REGISTRY = "localhost/csidriver-example"
PIPELINES = sorted(path for path in EXAMPLE.glob("*.yaml") if path.stem not in ("prepare-data", "rbac"))
ROW_BYTES = 46 * 8 * 10_000
NAMES = [path.stem for path in PIPELINES]


def texts(value):
    """All texts in a manifest."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", ["prepare-data", "rbac"])
def test_given_a_manifest_then_kubernetes_takes_it(name):
    documents = list(yaml.safe_load_all((EXAMPLE / f"{name}.yaml").read_text()))
    for document in documents:
        kubernetes_validate.validate(document, "1.34", strict=True)
    assert len(documents) == 3


def test_given_the_makefile_then_each_target_treats_the_four_images_of_its_registry(tmp_path):
    log = tmp_path / "log"
    for tool in ("docker", "kind"):
        script = tmp_path / tool
        script.write_text(f'#!/bin/sh\necho "{tool} $*" >>"{log}"\n')
        script.chmod(0o755)
    registry = "registry.example.com/team"
    command = ["make", "--no-print-directory", "-C", str(EXAMPLE), "docker-build", "push-images", "kind-load"]
    subprocess.run([*command, f"REGISTRY={registry}"], check=True, capture_output=True,
                   env={"PATH": f"{tmp_path}:/usr/bin:/bin"})  # fmt: skip

    told = log.read_text().splitlines()
    images = {"prepare-data": "prepare-data.py", "preprocess-data": "preprocess.py", "train-data": "train.py",
              "test-data": "test.py"}  # fmt: skip
    assert told[:4] == [f"docker build --build-arg APP={app} -t {registry}/{name} ." for name, app in images.items()]
    assert told[4:8] == [f"docker push {registry}/{name}" for name in images]
    assert told[8:] == ["kind load docker-image --name kind " + " ".join(f"{registry}/{name}" for name in images)]
    assert all(program.exists() for program in built(registry).values()) and user() != 0


def test_given_a_docker_build_that_fails_then_make_stops_there(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho >>"{tmp_path}/log"\nexit 1\n')
    docker.chmod(0o755)
    done = subprocess.run(["make", "-C", str(EXAMPLE), "docker-build"], capture_output=True,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin"})  # fmt: skip
    assert done.returncode != 0 and (tmp_path / "log").read_text() == "\n"


@pytest.mark.parametrize("path", PIPELINES, ids=NAMES)
def test_given_a_pipeline_then_registry_class_and_privileges_are_right(path):
    documents = list(yaml.safe_load_all(path.read_text()))
    told = [text for document in documents for text in texts(document)]
    registries = {text for text in told if text.endswith("-example")}
    assert registries == {REGISTRY}
    assert {text for text in told if text.endswith(".csi")} <= CLASSES.keys()
    assert "privileged" not in told and "securityContext" not in told
    assert "benchmark-data" in told


def test_given_the_job_then_its_tables_and_what_is_handed_over_fit_into_the_volume():
    objects = manifests()
    sizes = {objects["PersistentVolume"]["spec"]["capacity"]["storage"],
             objects["PersistentVolumeClaim"]["spec"]["resources"]["requests"]["storage"]}  # fmt: skip
    [size] = sizes
    [container] = objects["Job"]["spec"]["template"]["spec"]["containers"]
    multipliers = [int(word) for word in container["args"][1:]]
    assert quantity.parse(size) > (sum(multipliers) + max(multipliers)) * ROW_BYTES
    defaults = {re.search(r"data_multiplier: int = (\d+)", path.read_text()).group(1)
                for path in EXAMPLE.glob("pipeline*.py")}  # fmt: skip
    assert defaults == {"100"} and 100 in multipliers, "the default table is made"


def test_given_the_manifests_then_they_name_the_images_that_are_built():
    pod = manifests()["Job"]["spec"]["template"]["spec"]
    for container in pod["initContainers"] + pod["containers"]:
        assert container["image"] in built(REGISTRY)
