"""What a deployment takes away is said before, with what is lost, and needs consent."""

import pytest

from deployments import APPS, CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, SYSTEM, VINEYARDDS, claim, make
from stores import METRICS_PORT, Stores
from waiting import eventually

RESOURCE = f"{VINEYARDDS}/vineyardd-sample"
STORES = f"{APPS}/deployments/vineyardd-sample"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
THREE = ("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "3")
PLAIN = ("deploy", "vineyard-deployment", "--create-namespace", "--replicas", "3")


@pytest.fixture
def stores():
    all_stores = Stores()
    yield all_stores
    all_stores.stop()


def pods(cluster):
    """The stores by their names."""
    found = cluster.client.get(f"{SYSTEM}/pods").json["items"]
    return sorted(
        pod["metadata"]["name"]
        for pod in found
        if pod["metadata"]["labels"].get("app.vineyard.io/role") == "vineyardd"
        and "deletionTimestamp" not in pod["metadata"]
    )


def test_a_change_of_size_names_stores_bytes_and_claims(cluster, vineyardctl, stores):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER, "--volumeBindingMode", "Immediate")
    make(cluster.client, CLAIMS, claim())
    eventually(lambda: cluster.client.get(f"{CLAIMS}/data").json["status"].get("phase") == "Bound", "it is bound")
    cluster.forward(NAMESPACE, "vineyardd-sample", METRICS_PORT, stores.start(3 << 20).port)
    (pod,) = pods(cluster)
    bigger = ("--vineyardd.size", "1Gi")

    compared = vineyardctl("diff", "vineyard-cluster", *bigger, status=1)
    run = vineyardctl(*CLUSTER, *bigger, status=1)

    warning = next(line for line in run.lines if line.startswith("⚠ "))
    assert warning.startswith(
        f"⚠ the stores of {NAMESPACE}/vineyardd-sample are replaced one by one, and what they hold is lost: {pod} on node-"
    )
    assert warning.endswith("(3 MiB); claim default/data")
    assert warning in compared.lines
    assert run.error == (
        f"error: deploy vineyard cluster {NAMESPACE}/vineyardd-sample needs your consent: the stores of "
        f"{NAMESPACE}/vineyardd-sample are replaced one by one (hint: --yes gives it)"
    )
    assert pods(cluster) == [pod], "nothing was changed"
    vineyardctl(*CLUSTER, *bigger, "--yes")
    assert pods(cluster) != [pod]


def test_a_store_that_cannot_be_asked_may_hold_something(cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    run = vineyardctl(*CLUSTER, "--vineyardd.size", "1Gi", status=1)

    assert "(unknown content)" in run.story


def test_stores_that_are_known_to_be_empty_need_no_consent(cluster, vineyardctl, stores):
    vineyardctl(*CLUSTER)
    cluster.forward(NAMESPACE, "vineyardd-sample", METRICS_PORT, stores.start(0).port)

    run = vineyardctl(*CLUSTER, "--vineyardd.size", "1Gi")

    assert [line for line in run.lines if line.startswith("► the stores of") and line.endswith("(0 B) is lost")]


def test_stores_that_never_ran_need_no_consent(cluster, vineyardctl):
    cluster.image("broken", "ImagePullBackOff")
    vineyardctl(*CLUSTER, "--vineyardd.image", "example.com/broken:1", "--wait=false")
    eventually(lambda: pods(cluster), "the store is on its way")

    vineyardctl(*CLUSTER, "--vineyardd.image", "example.com/good:1")


def test_a_new_operator_that_renders_stores_anew_says_so_of_every_cluster(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    # As an operator of another release has left it.
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}}
    cluster.client.patch(STORES, change, fieldManager="vineyard-operator")
    eventually(
        lambda: cluster.client.get(STORES).json["status"].get("availableReplicas") == 1, "the store is there again"
    )

    run = vineyardctl("deploy", "operator", status=1)

    assert f"the stores of {NAMESPACE}/vineyardd-sample are replaced one by one" in run.error


@pytest.mark.parametrize("target", [THREE, PLAIN], ids=["operator", "plain"])
def test_scaling_down_names_the_store_that_goes(cluster, vineyardctl, stores, target):
    vineyardctl(*target)
    held = dict(zip(pods(cluster), (5 << 20, 2 << 20, 9 << 20)))
    for pod, used in held.items():
        cluster.forward(NAMESPACE, pod, METRICS_PORT, stores.start(used).port)
    least = min(held, key=held.get)

    run = vineyardctl(*target[:2], "--replicas", "2", status=1)

    warning = next(line for line in run.lines if line.startswith("⚠ scaling"))
    assert warning.startswith(f"⚠ scaling {NAMESPACE}/vineyardd-sample from 3 to 2 takes stores away")
    assert least in warning and not [pod for pod in held if pod != least and pod in warning]


def test_scaling_plain_stores_down_keeps_those_with_data(cluster, vineyardctl, stores):
    vineyardctl(*PLAIN)
    names = pods(cluster)
    for pod, used in zip(names, (0, 7 << 20, 0)):
        cluster.forward(NAMESPACE, pod, METRICS_PORT, stores.start(used).port)

    vineyardctl("deploy", "vineyard-deployment", "--replicas", "1")

    eventually(lambda: pods(cluster) == [names[1]], "the store with data is left")


def test_metadata_that_is_to_be_in_etcd_takes_the_stores_with_it_and_says_so(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--meta", "local")

    run = vineyardctl(*CLUSTER, "--meta", "etcd", status=1)

    assert f"the stores of {NAMESPACE}/vineyardd-sample are replaced one by one" in run.error
    vineyardctl(*CLUSTER, "--meta", "etcd", "--yes")
    assert "--meta=etcd" in arguments(cluster)


def test_without_an_operator_stores_come_to_require_tls_in_two_steps(cluster, vineyardctl):
    required = (*DEPLOYMENT, "--vineyardd.peer_tls", "require", "--yes")
    vineyardctl(*DEPLOYMENT, "--vineyardd.peer_tls", "off")

    first = vineyardctl(*required)

    assert "stores offer TLS to each other for now" in first.story
    assert "--peer_tls=offer" in arguments(cluster)
    assert "for now" not in vineyardctl(*required).story
    assert "--peer_tls=require" in arguments(cluster)
    assert not [line for line in vineyardctl(*DEPLOYMENT).lines if "the stores of" in line], "they stay as they are"


def arguments(cluster):
    return cluster.client.get(STORES).json["spec"]["template"]["spec"]["containers"][0]["args"]
