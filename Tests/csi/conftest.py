"""Fixtures: each test gets a node of its own, in a mount namespace that the whole run has for itself."""

import faulthandler
import os

import pytest

# Before they are loaded: the checks of the table and of the harness are to be explained like those of tests.
pytest.register_assert_rewrite("harness", "sanity")

from harness import namespace  # noqa: E402

# Before grpc is loaded: programs are started while calls run, and they are none of its business.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
OBSTACLE = namespace.enter()
HANG_LIMIT = 200


def pytest_collection_modifyitems(items):
    """Without mounts there is nothing to test."""
    if OBSTACLE:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=OBSTACLE))


@pytest.fixture(autouse=True)
def no_test_hangs():
    """Ends the run with a traceback when a test is stuck."""
    faulthandler.dump_traceback_later(HANG_LIMIT, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def start_node():
    """Starts nodes; in the end they stop in an orderly way, which is a test too."""
    from harness.node import Node

    nodes = []

    def start(name="node-1", **more):
        nodes.append(Node(name, **more))
        return nodes[-1]

    yield start
    try:
        for node in nodes:
            node.end()
    finally:
        for node in nodes:
            node.discard()


@pytest.fixture
def node(start_node):
    """A node with one store and a driver that serves everything."""
    return serve(start_node())


@pytest.fixture(scope="module")
def shared_node():
    """The same for all tests of a module that leave nothing behind."""
    from harness.node import Node

    node = Node()
    try:
        yield serve(node)
        node.end()
    finally:
        node.discard()


def serve(node):
    node.start_store()
    node.start_driver()
    return node
