"""Fixtures: the image, built once from a Debian base, and containers of it."""

import itertools
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# The double of the API server.
sys.path.append(str(ROOT / "Tests/kubernetes"))

from apiserver.double import Double
from buildah import Buildah
from container import Container
from image import Image
from isolation import is_root, leave_the_machine
from pod import Pod

BASE = "localhost/base:test"

for variable in ("VINEYARD_IPC_SOCKET", "VINEYARD_RPC_ENDPOINT", "POD_NAME", "POD_NAMESPACE"):
    os.environ.pop(variable, None)
os.environ["VINEYARD_CONFIG"] = "/nonexistent"
os.environ["VINEYARD_IPC_SKIP_RETRY"] = "1"


def pytest_configure():
    """Before anything starts a thread, since the others would stay behind."""
    if not is_root():
        pytest.exit("these tests make containers, which takes root: run scripts/test --image as root", 1)
    for variable in ("VINEYARDCTL", "VINEYARDCTL_TEST_BASE"):
        if variable not in os.environ:
            pytest.exit(f"set {variable}, or run scripts/test --image", 1)
    leave_the_machine()


@pytest.fixture(scope="session")
def program():
    """The binary that the image is made of."""
    return os.environ["VINEYARDCTL"]


@pytest.fixture(scope="session")
def buildah(tmp_path_factory):
    """buildah, with the base in its storage."""
    storage = Buildah(tmp_path_factory.mktemp("images") / "storage")
    try:
        storage.add_image(BASE, os.environ["VINEYARDCTL_TEST_BASE"])
        yield storage
    finally:
        storage.close()


@pytest.fixture(scope="session")
def build(buildah, program, tmp_path_factory):
    """Runs scripts/image; returns the image."""

    def build(*options):
        archive = tmp_path_factory.mktemp("archive") / "image.tar"
        done = buildah.run(
            str(ROOT / "scripts/image"),
            "--builder",
            "buildah",
            "--base",
            BASE,
            "--binary",
            program,
            "--output",
            f"oci-archive:{archive}",
            *options,
        )
        return Image(done.stdout.strip(), archive, done.stderr)

    return build


@pytest.fixture(scope="session")
def image(build):
    """The image as it is built by default."""
    return build()


@pytest.fixture(scope="session")
def start_container(buildah, tmp_path_factory):
    """Starts a process in a fresh root file system of an image."""
    numbers = itertools.count()

    def start(image, process):
        directory = tmp_path_factory.getbasetemp() / f"container-{os.getpid()}-{next(numbers)}"
        container = Container(directory, buildah.mount(image.name), process)
        made.append(container)
        return container.start()

    made = []
    yield start
    for container in made:
        container.discard()


@pytest.fixture
def containers(start_container):
    """Starts containers that end with the test."""
    started = []

    def start(image, process):
        started.append(start_container(image, process))
        return started[-1]

    yield start
    for container in started:
        container.discard()


@pytest.fixture(scope="session")
def run(start_container, image):
    """What `docker run IMAGE ARGUMENT...` does, to its end."""

    def run(*arguments, **changes):
        return start_container(image, replace(image.process(*arguments), **changes)).wait()

    return run


@pytest.fixture(scope="session")
def manifests(run, tmp_path_factory):
    """Everything a deployed cluster consists of, as the image itself prints it: objects by kind and name."""
    directory = tmp_path_factory.mktemp("resources")
    directory.chmod(0o755)
    found = {}
    deploys = (
        # The stores are tried without an etcd beside them.
        ("vineyard-cluster", "--vineyardd.size=64Mi", "--meta=local"),
        ("csidriver", "--clusters=vineyard-system/vineyardd-sample"),
    )
    for target, *flags in deploys:
        deployed = run("deploy", target, *flags, "--dry-run=client", "--output=yaml")
        assert deployed.status == 0, deployed.story
        for resource in yaml.safe_load_all(deployed.output):
            found[resource["kind"], resource["metadata"]["name"]] = resource
            if resource["kind"] in ("Vineyardd", "CSIDriver"):
                (directory / "resource.yaml").write_text(yaml.safe_dump(resource))
                rendered = run("render", "--file=/in/resource.yaml", mounts={"/in": (directory, True)})
                assert rendered.status == 0, rendered.story
                for made in yaml.safe_load_all(rendered.output):
                    found[made["kind"], made["metadata"]["name"]] = made
    return found


@pytest.fixture
def pod(manifests, image, tmp_path):
    """Makes the pod of a workload."""

    def make(kind, name, **volumes):
        return Pod(manifests, (kind, name), tmp_path / "volumes", image.configuration, volumes)

    return make


@pytest.fixture(scope="session")
def running_double(tmp_path_factory):
    """A double of the API server."""
    running = Double(tmp_path_factory.mktemp("double") / "double", "--pod-delay", "0.01")
    yield running
    running.stop()


@pytest.fixture
def double(running_double):
    """The double, as it was at the start."""
    running_double.reset()
    yield running_double
    running_double.check_injections()


@pytest.fixture
def in_cluster(double, tmp_path):
    """What the kubelet gives a container that may ask the API: variables, and a directory with token and authority."""

    def make(group):
        account = tmp_path / "account"
        account.mkdir()
        for name, source in (("token", "token"), ("ca.crt", "ca.crt")):
            shutil.copyfile(double.directory / source, account / name)
        (account / "namespace").write_text("vineyard-system")
        for path in account.iterdir():
            os.chown(path, 0, group)
            path.chmod(0o440)
        host, port = double.server.removeprefix("https://").rsplit(":", 1)
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}, account

    return make


@pytest.fixture
def settings(double, tmp_path):
    """Mounts a kubeconfig into the home of the image's user; the arguments change its cluster."""

    def make(**changes):
        config = yaml.safe_load(double.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        cluster.update(changes)
        config["clusters"][0]["cluster"] = {key: value for key, value in cluster.items() if value is not None}
        directory = tmp_path / "kube"
        directory.mkdir()
        (directory / "config").write_text(yaml.safe_dump(config))
        return {"/home/nonroot/.kube": (directory, True)}

    return make
