"""Fixtures: a cluster of one node, the data volume as the Job of prepare-data.yaml leaves it, and what is to come out."""

import faulthandler
import os
import shutil

import pytest

# Before they are loaded: the checks of harness and interpreters are to be explained like those of tests.
pytest.register_assert_rewrite("harness", "runs")

from harness import namespace  # noqa: E402

# Before grpc is loaded: programs are started while calls run, and they are none of its business.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
OBSTACLE = namespace.enter()
HANG_LIMIT = 300


@pytest.fixture(autouse=True)
def no_test_hangs():
    """Ends the run with a traceback when a test is stuck."""
    faulthandler.dump_traceback_later(HANG_LIMIT, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """The data volume after the Job of prepare-data.yaml, with its smallest tables."""
    from harness.node import Node
    from pipelines import job_pod
    from runs.cluster import Cluster

    if OBSTACLE:
        pytest.skip(OBSTACLE)
    directory, node = tmp_path_factory.mktemp("tables"), Node()
    try:
        job = Cluster(node, directory).run(job_pod("1", "2"))
        assert job.succeeded, job.log
    finally:
        node.discard()
    return directory


@pytest.fixture
def cluster(tables, tmp_path):
    """A node with store and driver; in the end they stop in an orderly way, and no mount is left."""
    from harness import mounts
    from harness.node import Node
    from runs.cluster import NAMESPACE, STORE, Cluster

    data = tmp_path / "data"
    shutil.copytree(tables, data)  # with its mode
    node = Node()
    try:
        node.start_store(cluster=STORE, namespace=NAMESPACE, size="9G")
        node.start_driver()
        yield Cluster(node, data)
        assert not mounts.below(node.pods)
        node.end()
    finally:
        node.discard()


@pytest.fixture(scope="session")
def expected():
    """The model's error by multiplier, computed here, where nothing is handed over."""
    from pipelines import model_error

    return {multiplier: model_error(multiplier) for multiplier in (1, 2)}
