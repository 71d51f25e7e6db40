"""What the original vineyardctl 0.24.2 made goes as well. Its binary comes with PyPI's vineyard."""

import pytest

from deployments import CRDS, NAMESPACE, OURS, exists
from original import Original
from snapshot import everything
from waiting import eventually


@pytest.fixture
def original(cluster):
    """The original program, and the cluster it works on."""
    return Original(cluster)


def test_an_original_operator_leaves_nothing(cluster, vineyardctl, original):
    before = everything(cluster.client)
    original.run("deploy", "operator", "--wait=false")
    assert exists(cluster.client, f"{CRDS}/sidecars.k8s.v6d.io")

    run = vineyardctl("delete", "operator")

    assert not [line for line in run.lines if " is kept" in line]
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_objects_that_the_original_mirrored_keep_their_definition(cluster, vineyardctl, original):
    original.run("deploy", "operator", "--wait=false")
    mirrored = {
        "apiVersion": "k8s.v6d.io/v1alpha1",
        "kind": "LocalObject",
        "metadata": {"name": "o1"},
        "spec": {
            "id": "o1",
            "name": "o1",
            "signature": "s",
            "typename": "t",
            "instance_id": 0,
            "hostname": "h",
            "metadata": "{}",
        },
    }
    path = f"{OURS}/namespaces/{NAMESPACE}/localobjects"
    eventually(lambda: cluster.client.post(path, mirrored).status == 201, "the operator admits it")

    run = vineyardctl("delete", "operator")

    kept = f"there are still resources of this kind: LocalObject {NAMESPACE}/o1"
    assert f"⚠ CustomResourceDefinition localobjects.k8s.v6d.io is kept: {kept}" in run.lines
    assert exists(cluster.client, f"{OURS}/namespaces/{NAMESPACE}/localobjects/o1")


def test_an_original_cluster_without_an_operator_goes(cluster, vineyardctl, original):
    original.deploy_plain()

    run = vineyardctl("delete", "vineyard-deployment")

    assert not [line for line in run.lines if " is kept" in line]
    left = {name for name in everything(cluster.client) if "vineyardd-sample" in name}
    assert left == set()


def test_an_original_cluster_with_its_operator_goes(cluster, vineyardctl, original):
    before = everything(cluster.client)
    original.deploy_cluster()

    vineyardctl("delete", "vineyard-cluster")

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")
