"""Storage that is in use is not taken away without --force."""

import pytest

from deployments import CLASSES, CLUSTER, DRIVER, NAMESPACE, OURS, STORAGE_CLASS, claim, exists, make
from waiting import eventually

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
HINT = "(hint: delete the claims first, or repeat with --force: pods that use them lose their volumes)"


@pytest.fixture
def in_use(cluster, vineyardctl):
    """A cluster with a driver whose class has one bound claim."""
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER, "--volumeBindingMode", "Immediate", "-s", "fast")
    make(cluster.client, CLAIMS, claim())
    eventually(lambda: is_bound(cluster, "data"), "the claim is bound")


def is_bound(cluster, name):
    return cluster.client.get(f"{CLAIMS}/{name}").json["status"].get("phase") == "Bound"


@pytest.mark.parametrize(
    "target, title",
    [
        ("csidriver", "csidriver csidriver-sample"),
        ("vineyardd", f"vineyardd {NAMESPACE}/vineyardd-sample"),
        ("vineyard-cluster", f"vineyard cluster {NAMESPACE}/vineyardd-sample"),
    ],
)
def test_a_bound_claim_prevents_deletion(cluster, vineyardctl, in_use, target, title):
    cluster.clear_requests()

    run = vineyardctl("delete", target, status=1)

    assert run.story == f"error: {title} is in use: claim default/data {HINT}\n"
    assert not [request for request in cluster.requests() if request["method"] == "DELETE"]


def test_every_claim_is_named_also_of_the_additional_class(cluster, vineyardctl, in_use):
    make(cluster.client, CLAIMS, claim("more", storage_class="fast"))
    eventually(lambda: is_bound(cluster, "more"), "the claim is bound")

    run = vineyardctl("delete", "csidriver", status=1)

    assert run.error == f"error: csidriver csidriver-sample is in use: claims default/data, default/more {HINT}"


def test_a_class_that_a_user_made_counts_too(cluster, vineyardctl, in_use):
    vineyardctl("delete", "csidriver", "--force", "--dry-run=client")
    cluster.client.delete(f"{CLAIMS}/data")
    eventually(lambda: not exists(cluster.client, f"{CLAIMS}/data"), "the claim is gone")
    ours = cluster.client.get(f"{CLASSES}/{STORAGE_CLASS}").json
    make(
        cluster.client,
        CLASSES,
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "mine"},
            "provisioner": ours["provisioner"],
            "parameters": ours["parameters"],
        },
    )
    make(cluster.client, CLAIMS, claim("mine", storage_class="mine"))
    eventually(lambda: is_bound(cluster, "mine"), "the claim is bound")

    run = vineyardctl("delete", "vineyardd", status=1)

    assert "is in use: claim default/mine" in run.error


def test_force_deletes_all_the_same(cluster, vineyardctl, in_use):
    vineyardctl("delete", "csidriver", "--force")

    assert not exists(cluster.client, f"{OURS}/csidrivers/csidriver-sample")
    assert is_bound(cluster, "data")


def test_a_claim_that_waits_for_its_first_pod_is_no_obstacle(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    make(cluster.client, CLAIMS, claim())

    vineyardctl("delete", "csidriver")

    assert not exists(cluster.client, f"{CLASSES}/{STORAGE_CLASS}")


def test_a_claim_of_another_class_is_no_obstacle(cluster, vineyardctl, in_use):
    vineyardctl("deploy", "vineyardd", "--name", "other", "--replicas", "1")

    vineyardctl("delete", "vineyardd", "--name", "other")

    assert not exists(cluster.client, f"{OURS}/namespaces/{NAMESPACE}/vineyardds/other")


def test_without_the_right_to_list_claims_nothing_is_deleted(cluster, vineyardctl, in_use):
    cluster.deny(verb="list", resource="persistentvolumeclaims")

    run = vineyardctl("delete", "csidriver", status=1)

    assert run.error.startswith("error: cannot list PersistentVolumeClaim objects: ")
    assert exists(cluster.client, f"{OURS}/csidrivers/csidriver-sample")
