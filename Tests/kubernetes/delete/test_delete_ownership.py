"""Deleting takes what is ours and leaves what is anybody else's."""

import pytest

from deployments import APPS, CLUSTER, CRDS, DEPLOYMENT, DRIVER, NAMESPACE, OURS, SYSTEM, claim, exists, make, namespace
from objects import config_map, deployment, pod, service
from waiting import eventually

HINT = "(--delete-namespace deletes it with all it holds)"


def test_an_object_of_the_same_name_that_somebody_else_made_stays(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", namespace(NAMESPACE))
    make(cluster.client, f"{SYSTEM}/services", service("vineyard-webhook-service", NAMESPACE))

    run = vineyardctl("delete", "operator")

    assert f"⚠ Service {NAMESPACE}/vineyard-webhook-service is kept: it was not made by vineyardctl" in run.lines
    assert run.lines[-1].endswith("nothing to delete")
    assert exists(cluster.client, f"{SYSTEM}/services/vineyard-webhook-service")


@pytest.mark.parametrize(
    "kind, plural, obj",
    [
        ("ConfigMap", "configmaps", config_map("mine", NAMESPACE)),
        ("PersistentVolumeClaim", "persistentvolumeclaims", claim("mine", NAMESPACE, "manual")),
        ("Pod", "pods", pod("mine", NAMESPACE)),
        (
            "ServiceAccount",
            "serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mine"}},
        ),
    ],
)
def test_what_a_user_put_into_the_namespace_keeps_it(cluster, vineyardctl, kind, plural, obj):
    vineyardctl(*DEPLOYMENT)
    make(cluster.client, f"{SYSTEM}/{plural}", obj)

    run = vineyardctl("delete", "vineyard-deployment")

    assert f"⚠ Namespace {NAMESPACE} is kept: it still holds {kind} mine {HINT}" in run.lines
    assert exists(cluster.client, f"{SYSTEM}/{plural}/mine")
    assert not exists(cluster.client, f"{APPS}/deployments/vineyardd-sample")


def test_custom_resources_of_others_keep_the_namespace(cluster, vineyardctl):
    from objects import custom, definition

    vineyardctl(*DEPLOYMENT)
    make(cluster.client, CRDS, definition())
    path = f"/apis/example.org/v1/namespaces/{NAMESPACE}/things"
    eventually(lambda: cluster.client.get(path).status == 200, "the kind is served")
    make(cluster.client, path, custom("mine", namespace=NAMESPACE))

    run = vineyardctl("delete", "vineyard-deployment")

    assert f"⚠ Namespace {NAMESPACE} is kept: it still holds Thing mine {HINT}" in run.lines


def test_a_workload_of_a_user_is_named_once_and_not_its_pods(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    make(cluster.client, f"{APPS}/deployments", deployment("web", NAMESPACE, replicas=2))
    eventually(lambda: len(cluster.client.get(f"{SYSTEM}/pods", labelSelector="app=web").json["items"]) == 2, "pods")

    run = vineyardctl("delete", "vineyard-deployment")

    assert f"⚠ Namespace {NAMESPACE} is kept: it still holds Deployment web {HINT}" in run.lines


def test_many_objects_are_counted(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    for index in range(7):
        make(cluster.client, f"{SYSTEM}/configmaps", config_map(f"mine-{index}", NAMESPACE))

    run = vineyardctl("delete", "vineyard-deployment")

    names = ", ".join(f"ConfigMap mine-{index}" for index in range(5))
    assert f"⚠ Namespace {NAMESPACE} is kept: it still holds {names} and 2 more {HINT}" in run.lines


def test_a_namespace_that_was_there_before_is_kept(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", namespace("data"))
    vineyardctl(*CLUSTER, "-n", "data")

    run = vineyardctl("delete", "vineyard-cluster", "-n", "data")

    assert f"⚠ Namespace data is kept: it was not created by vineyardctl {HINT}" in run.lines
    assert exists(cluster.client, "/api/v1/namespaces/data")


def test_delete_namespace_takes_it_whoever_made_it(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", namespace("data"))
    make(cluster.client, "/api/v1/namespaces/data/configmaps", config_map("mine", "data"))

    vineyardctl("delete", "vineyardd", "-n", "data", "--delete-namespace")

    assert not exists(cluster.client, "/api/v1/namespaces/data")


def test_definitions_stay_while_others_have_resources_of_them(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    make(cluster.client, "/api/v1/namespaces", namespace("data"))
    vineyardctl("deploy", "vineyardd", "--name", "other", "--replicas", "1", "-n", "data")

    run = vineyardctl("delete", "vineyard-cluster")

    assert "► the operator stays: Vineyardd data/other needs it" in run.lines
    assert exists(cluster.client, f"{OURS}/namespaces/data/vineyardds/other")
    assert exists(cluster.client, f"{CRDS}/vineyardds.k8s.v6d.io")
    assert exists(cluster.client, f"{CRDS}/csidrivers.k8s.v6d.io")


def test_deleting_the_operator_leaves_clusters_and_drivers_running(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    run = vineyardctl("delete", "operator", status=1)

    assert run.error == (
        f"error: delete vineyard operator in {NAMESPACE} needs your consent: "
        f"Vineyardd {NAMESPACE}/vineyardd-sample and 1 more rely on it (hint: --yes gives it)"
    )
    assert exists(cluster.client, f"{APPS}/deployments/vineyard-controller-manager")

    run = vineyardctl("delete", "operator", "--yes")

    kept = {line.split(" is kept")[0] for line in run.lines if " is kept" in line}
    assert kept == {
        "⚠ CustomResourceDefinition csidrivers.k8s.v6d.io",
        "⚠ CustomResourceDefinition vineyardds.k8s.v6d.io",
        f"⚠ Namespace {NAMESPACE}",
    }
    for workload in ("deployments/vineyardd-sample", "deployments/csidriver-sample-csi-driver"):
        assert exists(cluster.client, f"{APPS}/{workload}")
    assert not exists(cluster.client, f"{APPS}/deployments/vineyard-controller-manager")


def test_drivers_that_serve_other_clusters_too_stay(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    make(cluster.client, "/api/v1/namespaces", namespace("data"))
    vineyardctl("deploy", "vineyardd", "--name", "other", "--replicas", "1", "-n", "data")
    vineyardctl("deploy", "csidriver", "--name", "both", "--clusters", f"{NAMESPACE}/vineyardd-sample,data/other")

    vineyardctl("delete", "vineyard-cluster")

    assert not exists(cluster.client, f"{OURS}/csidrivers/csidriver-sample")
    assert exists(cluster.client, f"{OURS}/csidrivers/both")


def test_without_the_right_to_look_the_namespace_stays(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.deny(verb="list", resource="resourcequotas")

    run = vineyardctl("delete", "vineyard-deployment")

    assert any(line.startswith(f"⚠ Namespace {NAMESPACE} is kept: nobody knows what it holds: ") for line in run.lines)
    assert exists(cluster.client, f"/api/v1/namespaces/{NAMESPACE}")
