"""The command lines of the tutorial, as users type them."""

from endpoints import wait_until_ready
from operated import ready, refused, running
from snapshot import everything
from waiting import eventually

SYSTEM = "/api/v1/namespaces/vineyard-system"
APPS = "/apis/apps/v1/namespaces/vineyard-system"
OURS = "/apis/k8s.v6d.io/v1alpha1"
VINEYARDDS = f"{OURS}/namespaces/vineyard-system/vineyardds"
CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
DRIVER = ("deploy", "csidriver", "--clusters", "vineyard-system/vineyardd-sample")


def ready_column(api, prefix):
    """`ready/containers` of the pods whose names begin so, as `kubectl get pods` shows it."""
    pods = [pod for pod in api.get(f"{SYSTEM}/pods").json["items"] if pod["metadata"]["name"].startswith(prefix)]
    return [
        f"{sum(s['ready'] for s in pod['status'].get('containerStatuses', ()))}/{len(pod['spec']['containers'])}"
        for pod in pods
    ]


def test_the_tutorial_deploys_twice_and_its_clean_up_leaves_the_cluster_as_before(cluster, vineyardctl):
    before = everything(cluster.client)

    for _ in range(2):
        vineyardctl(*CLUSTER)
        vineyardctl(*DRIVER)

    assert ready_column(cluster.client, "vineyard-controller-manager-") == ["2/2"]
    assert ready_column(cluster.client, "vineyardd-sample-etcd-0") == ["1/1"]
    stores = [c for c in ready_column(cluster.client, "vineyardd-sample-") if c == "1/1"]
    assert len(stores) == 4, "three stores and one etcd"
    assert ready_column(cluster.client, "csidriver-sample-csi-driver-") == ["4/4"]
    assert ready_column(cluster.client, "csidriver-sample-csi-nodes-") == ["3/3"] * 3
    storage_class = cluster.client.get("/apis/storage.k8s.io/v1/storageclasses/vineyard-system.vineyardd-sample.csi")
    assert storage_class.json["parameters"] == {
        "k8s.v6d.io/vineyard/namespace": "vineyard-system",
        "k8s.v6d.io/vineyard/name": "vineyardd-sample",
    }

    vineyardctl("delete", "vineyard-cluster")
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")
    assert vineyardctl("delete", "vineyard-cluster").lines[-1].endswith("nothing to delete")


def test_the_second_deployment_says_that_nothing_changed(vineyardctl):
    assert "CustomResourceDefinition vineyardds.k8s.v6d.io created" in vineyardctl(*CLUSTER).story

    again = vineyardctl(*CLUSTER)

    assert {line.rsplit(" ", 1)[1] for line in again.lines if line.startswith("✚")} == {"unchanged"}
    assert again.lines[-1] == "✔ vineyard cluster vineyard-system/vineyardd-sample is ready"


def test_a_newer_program_upgrades_by_deploying_again(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--image", "localhost/vineyardctl:1")

    vineyardctl(*CLUSTER, "--image", "localhost/vineyardctl:2", "--yes")

    for workload in ("deployments/vineyard-controller-manager", "deployments/vineyardd-sample"):
        spec = cluster.client.get(f"{APPS}/{workload}").json["spec"]["template"]["spec"]
        assert {c["image"] for c in spec["containers"]} == {"localhost/vineyardctl:2"}


def test_without_a_number_there_is_one_store_for_each_node_that_can_take_a_pod(cluster, vineyardctl):
    cluster.node("node-1", "cordon")

    story = vineyardctl(*CLUSTER).story

    assert "► 2 replicas: 2 of 3 nodes can take a pod (node-1: cordoned) (--replicas changes it)" in story
    assert cluster.client.get(f"{APPS}/deployments/vineyardd-sample").json["spec"]["replicas"] == 2


def test_deploying_again_keeps_the_number_of_stores_that_somebody_scaled_to(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--replicas", "1")

    assert "► replicas: 1, as deployed" in vineyardctl(*CLUSTER).story

    resource = cluster.client.get("/apis/k8s.v6d.io/v1alpha1/namespaces/vineyard-system/vineyardds/vineyardd-sample")
    assert resource.json["spec"]["replicas"] == 1


def test_deploying_a_cluster_keeps_the_number_of_operators(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace", "--operator.replicas", "2")

    assert "► operators: 2, as deployed (--operator.replicas changes it)" in vineyardctl(*CLUSTER).story

    path = f"{APPS}/deployments/vineyard-controller-manager"
    assert cluster.client.get(path).json["spec"]["replicas"] == 2
    assert vineyardctl("diff", "vineyard-cluster").lines[-1].endswith("as planned")
    run = vineyardctl("deploy", "operator", "--operator.replicas", "0", status=2)
    assert run.error == "error: invalid number of operator replicas 0 (hint: give 1 to 9)"
    vineyardctl("deploy", "operator", "--operator.replicas", "1")
    assert cluster.client.get(path).json["spec"]["replicas"] == 1


def test_another_namespace_works_as_well(cluster, vineyardctl):
    before = everything(cluster.client)

    vineyardctl("deploy", "vineyard-cluster", "--create-namespace", "-n", "data")
    vineyardctl("deploy", "csidriver", "--clusters", "data/vineyardd-sample", "-n", "data")

    made = everything(cluster.client) - before
    assert "deployments data/csidriver-sample-csi-driver" in made
    assert not [name for name in made if "vineyard-system" in name]
    vineyardctl("delete", "vineyard-cluster", "-n", "data")
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_the_tutorial_with_the_operator_and_its_webhook_as_they_are(managers, deploys):
    for process in (managers.start(certificates=True), managers.start_webhook()):
        wait_until_ready(process)
    refused(managers.api)
    before = everything(managers.api)

    deploys(*CLUSTER, "--replicas", "2")
    deploys(*DRIVER)
    vineyardd = f"{VINEYARDDS}/vineyardd-sample"
    assert managers.api.patch(vineyardd, {"spec": {"replicas": 3}}).status == 200
    assert ready(managers.api)["current"] == 3
    change = {"spec": {"vineyard": {"image": "localhost/vineyardctl:2"}}}
    assert managers.api.patch(vineyardd, change).status == 200
    assert ready(managers.api)["updated"] == 3
    running(managers.api, "csidriver-sample")
    refusal = managers.api.patch(vineyardd, {"spec": {"vineyard": {"size": "-1"}}})
    assert (refusal.status, "vvineyardd.kb.io" in refusal.json["message"]) == (422, True)

    for path in (f"{OURS}/csidrivers/csidriver-sample", vineyardd):
        managers.api.delete(path)
    eventually(lambda: everything(managers.api) <= before, "only the operator is left")
    deploys("delete", "vineyard-cluster")
