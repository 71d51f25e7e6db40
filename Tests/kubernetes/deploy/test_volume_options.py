"""Given options for volumes, when a driver is deployed, then its classes and sidecars say so."""

import pytest

import objects
from deployments import APPS, CLASSES, CLUSTER, CRDS, DRIVER, NAMESPACE, OURS, STORAGE_CLASS, exists, make
from snapshot import everything
from waiting import eventually

SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"
CLUSTER_KEYS = {"k8s.v6d.io/vineyard/namespace": NAMESPACE, "k8s.v6d.io/vineyard/name": "vineyardd-sample"}


def parameters(cluster, name=STORAGE_CLASS):
    return cluster.client.get(f"{CLASSES}/{name}").json["parameters"]


def test_given_options_when_deployed_then_the_class_hands_them_to_the_driver(cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    options = ["--scope", "cluster", "--on-delete", "delete", "--quota", "4Gi", "--overwrite", "delete"]
    vineyardctl(*DRIVER, *options, "--deleted-memory", "keep", "--locality", "node", "-s", "fast")

    expected = CLUSTER_KEYS | {"scope": "cluster", "onDelete": "delete", "quota": "4Gi"}
    expected |= {"overwrite": "delete", "deletedMemory": "keep", "locality": "node"}
    assert parameters(cluster) == parameters(cluster, "fast") == expected
    assert cluster.client.get(f"{CLASSES}/{STORAGE_CLASS}").json["allowVolumeExpansion"] is True


def test_given_a_resource_when_its_clusters_differ_then_their_classes_do(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "vineyardd", "--name", "numbers", "--replicas", "1")
    make(
        cluster.client,
        f"{OURS}/csidrivers",
        {
            "apiVersion": "k8s.v6d.io/v1alpha1",
            "kind": "CSIDriver",
            "metadata": {"name": "mixed"},
            "spec": {
                "quota": "none",
                "overwrite": "keep",
                "clusters": [
                    {"namespace": NAMESPACE, "name": "vineyardd-sample"},
                    {
                        "namespace": NAMESPACE,
                        "name": "numbers",
                        "scope": "volume",
                        "onDelete": "retain",
                        "quota": "1Gi",
                        "overwrite": "delete",
                        "deletedMemory": "reuse",
                        "locality": "cluster",
                    },
                ],
            },
        },
    )

    numbers = f"{NAMESPACE}.numbers.csi"
    eventually(lambda: exists(cluster.client, f"{CLASSES}/{numbers}"), "the classes are there")
    assert parameters(cluster) == CLUSTER_KEYS | {"quota": "none", "overwrite": "keep"}
    expected = {"k8s.v6d.io/vineyard/name": "numbers", "scope": "volume", "onDelete": "retain", "quota": "1Gi"}
    expected |= {"overwrite": "delete", "deletedMemory": "reuse", "locality": "cluster"}
    assert parameters(cluster, numbers) == CLUSTER_KEYS | expected


@pytest.mark.parametrize(
    ("flag", "hint"),
    [("overwrite", "delete or keep"), ("deleted-memory", "keep or reuse"), ("locality", "cluster or node")],
)
def test_given_a_policy_that_is_none_when_deployed_then_it_is_refused(vineyardctl, flag, hint):
    run = vineyardctl(*DRIVER, f"--{flag}=perhaps", status=2)

    assert "'perhaps'" in run.error and f"hint: give {hint}" in run.error


@pytest.mark.parametrize("quota", ["plenty", "-1Gi", "0", "None", "1 Gi", "Gi"])
def test_given_a_quota_that_is_none_when_deployed_then_it_is_refused_before_a_cluster_is_asked(vineyardctl, quota):
    run = vineyardctl(*DRIVER, f"--quota={quota}", status=2)

    assert run.error.startswith(f"error: invalid quota '{quota}' (hint: give request")


@pytest.mark.parametrize("quota", ["plenty", "-1Gi", "None"])
def test_given_a_quota_that_is_none_in_a_resource_when_created_then_the_server_refuses_it(cluster, vineyardctl, quota):
    vineyardctl("deploy", "operator", "--create-namespace")

    wrong = {
        "apiVersion": "k8s.v6d.io/v1alpha1",
        "kind": "CSIDriver",
        "metadata": {"name": "wrong"},
        "spec": {"quota": quota, "clusters": [{"namespace": NAMESPACE, "name": "vineyardd-sample"}]},
    }
    # Until the webhook answers, which is called first, it is 500.
    reply = eventually(
        lambda: (reply := cluster.client.post(f"{OURS}/csidrivers", wrong)).status != 500 and reply, "it is admitted"
    )

    assert reply.status == 422 and "spec.quota" in reply.json["message"]


def test_given_no_definitions_of_snapshots_when_asked_for_then_the_hint_says_what_to_install(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    run = vineyardctl(*DRIVER, "--sidecar.enableSnapshots", status=1)

    assert run.error.startswith(
        "error: the cluster has no VolumeSnapshots: their definitions are not installed (hint: "
    )
    assert everything(cluster.client) == before


def test_given_definitions_of_snapshots_when_asked_for_then_there_is_a_class_and_a_fifth_container(
    cluster, vineyardctl
):
    text = {"type": "string"}
    body = objects.definition(
        "VolumeSnapshotClass", {"driver": text, "deletionPolicy": text}, "snapshot.storage.k8s.io", scope="Cluster"
    )
    body["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test"}
    names = body["spec"]["names"]
    names["plural"], body["metadata"]["name"] = "volumesnapshotclasses", "volumesnapshotclasses.snapshot.storage.k8s.io"
    body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["metadata"] = {"type": "object"}
    make(cluster.client, CRDS, body)
    eventually(lambda: cluster.client.get(SNAPSHOTS).status == 200, "the kind is served")
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    vineyardctl(*DRIVER, "--sidecar.enableSnapshots")

    snapshot_class = cluster.client.get(f"{SNAPSHOTS}/{STORAGE_CLASS}").json
    assert (snapshot_class["driver"], snapshot_class["deletionPolicy"]) == ("csi.vineyard.v6d.io", "Delete")
    pod = cluster.client.get(f"{APPS}/deployments/csidriver-sample-csi-driver").json["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == [
        "vineyard-csi-driver",
        "csi-provisioner",
        "csi-resizer",
        "csi-snapshotter",
        "liveness-probe",
    ]

    vineyardctl("delete", "csidriver")
    eventually(lambda: everything(cluster.client) == before, "the driver is gone")
    eventually(lambda: cluster.client.get(SNAPSHOTS).json["items"] == [], "and its class")
