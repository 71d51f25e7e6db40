"""Fixtures: one double for all tests, as new for each; or a genuine API server, named by VINEYARDCTL_TEST_KUBECONFIG."""

import os
import subprocess
from pathlib import Path

import pytest

from apiserver.double import Double
from command_line import CommandLine, program
from managers import Managers
from operated import admitted
from stand_in.genuine import Genuine


def genuine_kubeconfig():
    """The kubeconfig of the genuine server to test against; None for the double."""
    path = os.environ.get("VINEYARDCTL_TEST_KUBECONFIG")
    return Path(path) if path else None


def pytest_runtest_setup(item):
    """Skip what this kind of server cannot show."""
    other = "double_only" if genuine_kubeconfig() is not None else "genuine_only"
    marker = item.get_closest_marker(other)
    if marker is not None:
        pytest.skip(marker.kwargs["reason"])


@pytest.fixture(scope="session")
def genuine(tmp_path_factory):
    """The genuine server with what stands in for nodes and operator; None for the double."""
    kubeconfig = genuine_kubeconfig()
    if kubeconfig is None:
        yield None
        return
    server = Genuine(kubeconfig, tmp_path_factory.mktemp("genuine"), os.environ.get("VINEYARDCTL"))
    try:
        yield server
    finally:
        server.stop()


def lend(server, plays_operator=True):
    """The cluster as it was at the start; one stand-in serves all tests of a genuine server, some beside operators.

    In the end every disturbance that the test asked for must have struck.
    """
    if isinstance(server, Genuine):
        server.play_operator(plays_operator)
    server.settings(pod_delay=0.01)
    server.reset()
    yield server
    server.check_injections()


@pytest.fixture(scope="session")
def running_double(tmp_path_factory, genuine):
    """The double that tests share; in the end it stops in an orderly way and broke nowhere."""
    if genuine is not None:
        yield genuine
        return
    double = Double(tmp_path_factory.mktemp("double"), "--pod-delay", "0.01", "--kubernetes-version", "1.31")
    try:
        yield double
    finally:
        status = double.stop()
    assert status == 0
    assert double.log == ""


@pytest.fixture
def double(running_double):
    """The shared double, as it was at the start."""
    yield from lend(running_double)


@pytest.fixture
def api(double):
    """Plain requests to the double as its administrator."""
    return double.client


@pytest.fixture
def start_double(tmp_path):
    """Starts further doubles with options of their own."""
    if genuine_kubeconfig() is not None:
        pytest.skip("needs an API server started with options of its own, which a genuine one doesn't give")
    doubles = []

    def start(*options):
        doubles.append(Double(tmp_path / f"double-{len(doubles)}", *options))
        return doubles[-1]

    yield start
    try:
        for started in doubles:
            started.check_injections()
    finally:
        for started in doubles:
            started.stop()


@pytest.fixture
def kubectl_of(tmp_path):
    """Makes a function that runs kubectl against a double; it returns standard output, or fails with standard error."""

    def of(double):
        environment = {**os.environ, "KUBECONFIG": str(double.kubeconfig), "HOME": str(tmp_path)}

        def run(*arguments, stdin="", fails=False):
            done = subprocess.run(
                [os.environ.get("KUBECTL", "kubectl"), *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=60,
                env=environment,
            )
            assert (done.returncode != 0) == fails, done.stdout + done.stderr
            return done.stderr if fails else done.stdout

        return run

    return of


@pytest.fixture
def kubectl(double, kubectl_of):
    """Runs kubectl against the double."""
    return kubectl_of(double)


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory, genuine):
    """A cluster in which `vineyardctl render` stands for the operator."""
    if genuine is not None:
        yield genuine
        return
    double = Double(tmp_path_factory.mktemp("cluster"), "--pod-delay", "0.01", "--operator", program())
    try:
        yield double
    finally:
        double.stop()


@pytest.fixture
def cluster(running_cluster):
    """The shared cluster, as it was at the start."""
    yield from lend(running_cluster)


@pytest.fixture
def vineyardctl(cluster, tmp_path):
    """Runs the program against the cluster."""
    return CommandLine(cluster.kubeconfig, tmp_path)


@pytest.fixture(scope="session")
def running_bare_cluster(tmp_path_factory, genuine):
    """A cluster in which nobody plays the operator."""
    if genuine is not None:
        yield genuine
        return
    double = Double(tmp_path_factory.mktemp("bare"), "--pod-delay", "0.01", "--kubernetes-version", "1.31")
    try:
        yield double
    finally:
        double.stop()


@pytest.fixture
def bare_cluster(running_bare_cluster):
    """The cluster for real operators, as it was at the start."""
    yield from lend(running_bare_cluster, plays_operator=False)


@pytest.fixture
def deploys(bare_cluster, tmp_path):
    """Runs the program against the cluster of the managers."""
    return CommandLine(bare_cluster.kubeconfig, tmp_path)


@pytest.fixture
def managers(bare_cluster, deploys, tmp_path):
    """Starts operators where `deploy operator` has prepared everything for them."""
    deploys("deploy", "operator", "--create-namespace")
    admitted(bare_cluster.client)
    managers = Managers(bare_cluster, tmp_path)
    yield managers
    managers.end()
