"""A size that only some of the nodes can give is refused before stores are lost."""

import json

from deployments import APPS, NAMESPACE, VINEYARDDS

THREE = ("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "3")


def test_given_room_on_two_of_three_nodes_when_three_stores_are_made_larger_then_it_is_refused(cluster, vineyardctl):
    vineyardctl(*THREE, "--vineyardd.size", "1Gi")
    cluster.node("node-3", "memory", memory="4Gi")
    before = cluster.client.get(f"{APPS}/deployments/vineyardd-sample").json["spec"]

    run = vineyardctl("deploy", "vineyard-cluster", "--vineyardd.size", "5Gi", status=1)

    assert run.error.startswith("error: a store of 5.")
    assert "fits on 2 of the 3 nodes that are needed: node-3 has " in run.error
    assert "--replicas 2; --yes deploys all the same" in run.error
    assert cluster.client.get(f"{APPS}/deployments/vineyardd-sample").json["spec"] == before
    assert cluster.client.get(f"{VINEYARDDS}/vineyardd-sample").json["spec"]["vineyard"]["size"] == "1Gi"


def test_given_fewer_stores_than_nodes_with_room_then_it_is_deployed(cluster, vineyardctl):
    cluster.node("node-3", "memory", memory="4Gi")

    vineyardctl("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "2", "--vineyardd.size", "5Gi")


def test_given_stores_that_fill_their_nodes_when_they_change_then_they_make_room_themselves(cluster, vineyardctl):
    vineyardctl(*THREE, "--vineyardd.size", "9Gi")

    vineyardctl("deploy", "vineyard-cluster", "--vineyardd.size", "10Gi", "--yes")

    assert cluster.client.get(f"{VINEYARDDS}/vineyardd-sample").json["metadata"]["namespace"] == NAMESPACE


def memory(cluster, name):
    """The memory of a store's container, request and limit."""
    path = f"{APPS}/deployments/{name}"
    resources = cluster.client.get(path).json["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"]
    return resources["limits"]["memory"]


def test_given_no_size_when_plain_stores_are_deployed_then_they_request_what_they_take(cluster, vineyardctl):
    plain = ("deploy", "vineyard-deployment", "--create-namespace", "--replicas", "1")

    run = vineyardctl(*plain)

    assert memory(cluster, "vineyardd-sample") == "8Gi"
    assert any(line.startswith("► memory of a store: 8192Mi, half of what the smallest node has") for line in run.lines)
    vineyardctl(*plain, "--name", "second")
    assert memory(cluster, "second") == "256Mi"
    cluster.node("node-3", "memory", memory="4Gi")
    assert "► memory of a store: 8192Mi, as deployed (--vineyardd.size changes it)" in vineyardctl(*plain).lines
    assert memory(cluster, "vineyardd-sample") == "8Gi"


def test_given_no_cluster_to_ask_when_plain_stores_are_rendered_then_they_request_what_they_take(vineyardctl):
    run = vineyardctl("deploy", "vineyard-deployment", "--dry-run=client", "-o", "json")

    items = json.loads(run.output)["items"]
    store = next(item for item in items if item["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert store["resources"]["requests"]["memory"] == store["resources"]["limits"]["memory"] == "1Gi"


def test_given_more_stores_than_nodes_when_the_server_only_checks_then_it_is_said_at_once(cluster, vineyardctl):
    cluster.node("node-3", "cordon")
    vineyardctl("deploy", "operator", "--create-namespace")

    run = vineyardctl("deploy", "vineyard-cluster", "--replicas", "4", "--dry-run=server")

    text = "2 of 3 nodes can take a store, and 4 are asked for: 2 wait until there are more nodes"
    assert f"⚠ {text}" in run.lines
    assert not [line for line in vineyardctl(*THREE[:3], "--replicas", "2").lines if "asked for" in line]
