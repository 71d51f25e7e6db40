"""A size that only some of the nodes can give is refused before stores are lost."""

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
