"""The memory of stores, asked for through the API server."""

import json
import re
import socket
import subprocess
import urllib.request

import pytest

from command_line import program
from deployments import DEPLOYMENT, NAMESPACE
from waiting import eventually

METRICS_PORT = 9601


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def store(tmp_path):
    """A store that really runs; yields the port of its metrics."""
    port = free_port()
    process = subprocess.Popen(
        [
            program(),
            "vineyardd",
            f"--socket={tmp_path}/vineyard.sock",
            "--size=64Mi",
            "--meta=local",
            "--rpc=false",
            f"--metrics_port={port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: answers(port), "the store serves metrics")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).status == 200
    except OSError:
        return False


def stores(vineyardctl):
    pods = json.loads(vineyardctl("status", "-o", "json").output)["pods"]
    return [pod for pod in pods if "-etcd-" not in pod["name"]]


def test_a_store_that_answers_shows_what_it_uses(cluster, vineyardctl, store):
    vineyardctl(*DEPLOYMENT)
    cluster.forward(NAMESPACE, "vineyardd-sample", METRICS_PORT, store)

    (pod,) = stores(vineyardctl)
    assert (pod["memoryUsed"], pod["memoryLimit"]) == (0, 64 << 20)

    table = vineyardctl("status").output
    assert re.search(r"vineyardd-sample-\S+ +1/1 +Running +0 +node-\d +0 B of 64 MiB\n", table)


def test_a_store_that_cannot_be_reached_shows_none(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.forward(NAMESPACE, "vineyardd-sample", METRICS_PORT, free_port())

    (pod,) = stores(vineyardctl)

    assert "memoryUsed" not in pod and "memoryLimit" not in pod
    table = vineyardctl("status").output
    assert re.search(r"vineyardd-sample-\S+ +1/1 +Running +0 +node-\d +-\n", table)
    assert re.search(r"\n⚠ not shown: memory of vineyardd-sample-\S+: .*onnect.*\n$", table)


def test_one_silent_store_does_not_hold_up_the_others(cluster, vineyardctl, store):
    vineyardctl("deploy", "vineyard-deployment", "--create-namespace", "--replicas", "2")
    names = [pod["name"] for pod in stores(vineyardctl)]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster.forward(NAMESPACE, names[0], METRICS_PORT, silent.getsockname()[1])
        cluster.forward(NAMESPACE, names[1], METRICS_PORT, store)

        found = {pod["name"]: pod.get("memoryLimit") for pod in stores(vineyardctl)}

    assert found == {names[0]: None, names[1]: 64 << 20}


def test_without_the_right_to_forward_ports_the_rest_is_shown(cluster, vineyardctl, store):
    vineyardctl(*DEPLOYMENT)
    cluster.forward(NAMESPACE, "vineyardd-sample", METRICS_PORT, store)
    cluster.deny(resource="pods/portforward")

    (pod,) = stores(vineyardctl)

    assert pod["ready"] == "1/1" and "memoryUsed" not in pod
    assert vineyardctl("status").output.endswith(f"memory of {pod['name']}: no permission to forward ports\n")
