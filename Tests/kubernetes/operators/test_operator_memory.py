"""Given a cluster whose size nobody names, then its stores have a request and a limit that fit their nodes."""

import pytest

from deployments import APPS, VINEYARDDS
from operated import NAME, cluster, ready
from waiting import eventually

PATH = f"{VINEYARDDS}/{NAME}"


@pytest.fixture
def api(managers):
    managers.start()
    return managers.api


def memory(api, name=NAME):
    """The memory of a store's container, request and limit."""
    resources = api.get(f"{APPS}/deployments/{name}").json["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"]
    return resources["limits"]["memory"]


def test_given_no_size_when_made_then_a_store_gets_half_of_its_node(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    assert memory(api) == "8Gi"


def test_given_no_size_when_the_resource_changes_then_the_stores_keep_what_they_have(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    api.patch(PATH, {"spec": {"vineyard": {"streamThreshold": 70}}})
    ready(api)
    assert memory(api) == "8Gi"


def test_given_a_second_cluster_when_made_then_it_does_not_get_the_same_bytes(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    api.post(VINEYARDDS, cluster("second"))
    eventually(lambda: api.get(f"{APPS}/deployments/second").status == 200, "the second cluster's stores are made")
    assert memory(api, "second") == "256Mi"


def test_given_clusters_that_are_made_at_once_then_they_do_not_get_the_same_bytes(api):
    names = [f"c{number}" for number in range(6)]
    for name in names:
        api.post(VINEYARDDS, cluster(name))
    eventually(
        lambda: all(api.get(f"{APPS}/deployments/{name}").status == 200 for name in names), "the stores are made"
    )
    assert sorted(memory(api, name) for name in names) == ["256Mi"] * 5 + ["8Gi"]


def test_given_a_cluster_with_a_size_when_one_without_comes_at_once_then_its_bytes_are_not_promised_again(api):
    api.post(VINEYARDDS, cluster(vineyard={"memory": "7Gi"}))
    api.post(VINEYARDDS, cluster("second"))
    eventually(lambda: api.get(f"{APPS}/deployments/second").status == 200, "the second cluster's stores are made")
    assert memory(api, "second") == "1Gi"


def test_given_a_cluster_that_is_gone_then_the_next_one_gets_its_bytes(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    api.delete(PATH)
    eventually(lambda: api.get(f"{APPS}/deployments/{NAME}").status == 404, "the stores are gone")
    api.post(VINEYARDDS, cluster("second"))
    eventually(lambda: api.get(f"{APPS}/deployments/second").status == 200, "the second cluster's stores are made")
    assert memory(api, "second") == "8Gi"


def test_given_a_size_when_made_then_the_container_follows_from_it(api):
    api.post(VINEYARDDS, cluster(vineyard={"size": "1Gi"}))
    ready(api)
    assert memory(api) == "1201Mi"
