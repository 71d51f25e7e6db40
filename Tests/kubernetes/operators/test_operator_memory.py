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


def test_given_a_size_when_made_then_the_container_follows_from_it(api):
    api.post(VINEYARDDS, cluster(vineyard={"size": "1Gi"}))
    ready(api)
    assert memory(api) == "1201Mi"
