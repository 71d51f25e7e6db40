"""Deleting goes backwards, and can be repeated and interrupted."""

import pytest

from command_line import interrupt
from deployments import CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, SYSTEM, VINEYARDDS, exists, make
from objects import config_map
from snapshot import everything
from waiting import eventually


def deletions(cluster):
    """The resources of the objects that the program deleted, in order."""
    paths = [
        request["path"]
        for request in cluster.requests()
        if request["method"] == "DELETE" and request["user_agent"].startswith("vineyardctl")
    ]
    return [path.rstrip("/").rsplit("/", 2)[1] for path in paths]


def last(resources, *names):
    return max(index for index, resource in enumerate(resources) if resource in names)


def first(resources, *names):
    return min(index for index, resource in enumerate(resources) if resource in names)


def test_what_was_made_last_goes_first(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    cluster.clear_requests()

    vineyardctl("delete", "vineyard-cluster")

    order = deletions(cluster)
    access = ("clusterroles", "clusterrolebindings", "roles", "rolebindings", "serviceaccounts", "services")
    assert set(order[:2]) == {"vineyardds", "csidrivers"}
    assert last(order, "vineyardds", "csidrivers") < first(order, "deployments")
    assert last(order, "deployments") < first(order, *access)
    assert last(order, *access) < first(order, "customresourcedefinitions")
    assert order.index("namespaces") == len(order) - 1


def test_the_story_names_every_object_and_ends_with_the_whole(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    run = vineyardctl("delete", "vineyard-deployment")

    assert f"► Deployment {NAMESPACE}/vineyardd-sample deleted" in run.lines
    waited = [line for line in run.lines if line.startswith(("◎ Deployment", "✔ Deployment"))]
    assert not waited or waited[-1] == f"✔ Deployment {NAMESPACE}/vineyardd-sample: gone"
    assert run.lines[-1] == f"✔ vineyard deployment {NAMESPACE}/vineyardd-sample is gone"
    assert run.output == ""


@pytest.mark.parametrize("target", ["vineyard-cluster", "operator", "vineyardd", "vineyard-deployment", "csidriver"])
def test_deleting_what_is_not_there_is_harmless(cluster, vineyardctl, target):
    before = everything(cluster.client)

    run = vineyardctl("delete", target)

    assert run.lines[-1].endswith(": nothing to delete")
    assert everything(cluster.client) == before


def test_deleting_again_does_nothing(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl("delete", "vineyard-cluster")
    cluster.clear_requests()

    run = vineyardctl("delete", "vineyard-cluster")

    assert run.lines == [f"✔ vineyard cluster {NAMESPACE}/vineyardd-sample: nothing to delete"]
    assert deletions(cluster) == []


def test_an_interrupted_deletion_is_finished_by_the_next(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl(*CLUSTER)
    resource = f"{VINEYARDDS}/vineyardd-sample"
    cluster.client.patch(resource, {"metadata": {"finalizers": ["example.com/hold"]}})
    running = vineyardctl.start("delete", "vineyard-cluster")
    eventually(lambda: "deletionTimestamp" in cluster.client.get(resource).json["metadata"], "deletion has begun")

    run = interrupt(running)

    assert run.status == 130
    assert run.error == "error: interrupted (hint: run the same command again, it goes on where it was stopped)"
    cluster.client.patch(resource, {"metadata": {"finalizers": None}})
    vineyardctl("delete", "vineyard-cluster")
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_a_namespace_that_is_going_already_is_waited_for(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    held = make(cluster.client, f"{SYSTEM}/configmaps", config_map("held", NAMESPACE))
    cluster.client.patch(f"{SYSTEM}/configmaps/held", {"metadata": {"finalizers": ["example.com/hold"]}})
    assert held["metadata"]["name"] == "held"
    vineyardctl("delete", "vineyard-deployment", "--delete-namespace", "--wait=false")
    running = vineyardctl.start("delete", "vineyard-deployment")

    cluster.client.patch(f"{SYSTEM}/configmaps/held", {"metadata": {"finalizers": None}})

    _, story = running.communicate(timeout=60)
    assert running.returncode == 0, story
    assert not exists(cluster.client, f"/api/v1/namespaces/{NAMESPACE}")


def test_only_what_owns_others_waits_for_the_garbage_collector(cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    run = vineyardctl("delete", "vineyard-cluster")

    waiting = {line.split()[1] for line in run.lines if line.endswith(": waiting for what depends on it")}
    assert waiting <= {"Vineyardd", "Deployment", "Namespace"}
