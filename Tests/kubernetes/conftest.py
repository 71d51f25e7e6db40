"""Fixtures: one double for all tests, as new for each."""

import os
import subprocess

import pytest

from apiserver.double import Double
from command_line import CommandLine, program


@pytest.fixture(scope="session")
def running_double(tmp_path_factory):
    """The double that tests share; in the end it stops in an orderly way and broke nowhere."""
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
    running_double.settings(pod_delay=0.01)
    running_double.reset()
    return running_double


@pytest.fixture
def api(double):
    """Plain requests to the double as its administrator."""
    return double.client


@pytest.fixture
def start_double(tmp_path):
    """Starts further doubles with options of their own."""
    doubles = []

    def start(*options):
        doubles.append(Double(tmp_path / f"double-{len(doubles)}", *options))
        return doubles[-1]

    yield start
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
def running_cluster(tmp_path_factory):
    """A double in which `vineyardctl render` stands for the operator."""
    double = Double(tmp_path_factory.mktemp("cluster"), "--pod-delay", "0.01", "--operator", program())
    try:
        yield double
    finally:
        double.stop()


@pytest.fixture
def cluster(running_cluster):
    """The shared cluster, as it was at the start."""
    running_cluster.settings(pod_delay=0.01)
    running_cluster.reset()
    return running_cluster


@pytest.fixture
def vineyardctl(cluster, tmp_path):
    """Runs the program against the cluster."""
    return CommandLine(cluster.kubeconfig, tmp_path)
