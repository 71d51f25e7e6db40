"""Each target goes as a whole, whatever flags it was deployed with."""

import json

from deployments import (
    APPS,
    CLASSES,
    CLUSTER,
    CRDS,
    DEPLOYMENT,
    DRIVER,
    NAMESPACE,
    STORAGE_CLASS,
    SYSTEM,
    claim,
    exists,
    make,
    namespace,
)
from objects import pod
from snapshot import everything
from waiting import eventually

SPILL = {
    "pv-spec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "storageClassName": "manual",
        "hostPath": {"path": "/var/vineyard/spill", "type": "DirectoryOrCreate"},
    },
    "pvc-spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "manual",
    },
}
WITH_SPILL = (
    "--vineyardd.spill.config",
    "spilled",
    "--vineyardd.spill.path",
    "/var/spill",
    "--vineyardd.spill.pv-pvc-spec",
    json.dumps(SPILL),
)
SPILLED = {"persistentvolumes /spilled", f"persistentvolumeclaims {NAMESPACE}/spilled"}


def test_a_deployment_with_everything_leaves_nothing(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl(*DEPLOYMENT, "--etcd.replicas", "3", "--vineyardd.metric.enable", *WITH_SPILL)
    made = everything(cluster.client) - before
    assert made > SPILLED
    assert f"services {NAMESPACE}/vineyardd-sample-metrics" in made
    assert f"pods {NAMESPACE}/vineyardd-sample-etcd-2" in made

    vineyardctl("delete", "vineyard-deployment")

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_a_spill_volume_of_the_operator_goes_with_its_cluster(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl(*CLUSTER, *WITH_SPILL)
    assert everything(cluster.client) > SPILLED

    vineyardctl("delete", "vineyard-cluster")

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_the_spill_volume_of_a_cluster_of_the_same_name_elsewhere_stays(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT, "-n", "data", *WITH_SPILL)
    vineyardctl(*DEPLOYMENT)

    vineyardctl("delete", "vineyard-deployment")

    assert exists(cluster.client, "/api/v1/persistentvolumes/spilled")
    assert exists(cluster.client, "/api/v1/namespaces/data/persistentvolumeclaims/spilled")


def test_the_claims_that_etcd_leaves_behind_go(cluster, vineyardctl, tmp_path):
    before = everything(cluster.client)
    for index in range(3):
        make(
            cluster.client,
            "/api/v1/persistentvolumes",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"disk-{index}"},
                "spec": SPILL["pv-spec"] | {"storageClassName": "disks"},
            },
        )
    resource = tmp_path / "cluster.yaml"
    resource.write_text(
        json.dumps(
            {
                "apiVersion": "k8s.v6d.io/v1alpha1",
                "kind": "Vineyardd",
                "metadata": {"name": "kept"},
                "spec": {
                    "replicas": 1,
                    "etcdReplicas": 3,
                    "etcd": {"storage": {"size": "1Gi", "storageClassName": "disks"}},
                },
            }
        )
    )
    vineyardctl("deploy", "vineyard-deployment", "--create-namespace", "-f", str(resource))
    assert f"persistentvolumeclaims {NAMESPACE}/data-kept-etcd-2" in everything(cluster.client)

    vineyardctl("delete", "vineyard-deployment", "--name", "kept")

    left = {f"persistentvolumes /disk-{index}" for index in range(3)}
    eventually(lambda: everything(cluster.client) == before | left, "only the disks are left")


def test_a_user_s_pod_with_the_cluster_s_label_stays(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    mine = pod("mine", NAMESPACE)
    mine["metadata"]["labels"] = {"app.vineyard.io/name": "vineyardd-sample"}
    make(cluster.client, f"{SYSTEM}/pods", mine)

    run = vineyardctl("delete", "vineyard-deployment")

    assert f"⚠ Pod {NAMESPACE}/mine is kept: it was not made by vineyardctl" in run.lines
    assert exists(cluster.client, f"{SYSTEM}/pods/mine")


def test_a_driver_takes_its_classes_and_its_registration_along(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)
    vineyardctl(*DRIVER, "-s", "fast")
    made = everything(cluster.client) - before
    assert {"storageclasses /fast", f"storageclasses /{STORAGE_CLASS}", "csidrivers /csi.vineyard.v6d.io"} < made

    vineyardctl("delete", "csidriver")

    eventually(lambda: everything(cluster.client) == before, "only the driver is gone")


def test_a_driver_of_another_name_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    vineyardctl("delete", "csidriver", "--name", "other", status=4)

    assert exists(cluster.client, f"{CLASSES}/{STORAGE_CLASS}")


def test_a_cluster_goes_and_its_operator_stays(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace")
    before = everything(cluster.client)
    vineyardctl("deploy", "vineyardd", "--replicas", "1")

    run = vineyardctl("delete", "vineyardd")

    assert run.lines[-1] == f"✔ vineyardd {NAMESPACE}/vineyardd-sample is gone"
    eventually(lambda: everything(cluster.client) == before, "the operator is as before")


def test_an_operator_without_clusters_leaves_nothing(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl("deploy", "operator", "--create-namespace")

    vineyardctl("delete", "operator")

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")
    assert not exists(cluster.client, f"{CRDS}/vineyardds.k8s.v6d.io")


def test_clusters_in_other_namespaces_are_not_touched(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT, "-n", "data")
    vineyardctl(*DEPLOYMENT)

    vineyardctl("delete", "vineyard-deployment", "-n", "data")

    assert exists(cluster.client, f"{APPS}/deployments/vineyardd-sample")
    assert not exists(cluster.client, "/api/v1/namespaces/data")


def test_a_namespace_of_somebody_else_is_not_mentioned_by_the_smaller_targets(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", namespace("data"))
    make(cluster.client, "/api/v1/namespaces/data/persistentvolumeclaims", claim("mine", "data", "manual"))
    vineyardctl("deploy", "vineyard-deployment", "--replicas", "1", "-n", "data")

    run = vineyardctl("delete", "vineyard-deployment", "-n", "data")

    assert not [line for line in run.lines if " is kept" in line]
