"""What deletions leave behind, and what others leave behind."""

import json

import pytest

from apiserver.client import MERGE
from deployments import CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, SYSTEM, claim, exists, make
from findings import findings, hint
from operated import MUTATING
from waiting import eventually

LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
SIDECARS = {"csi-vineyard-v6d-io", "external-resizer-csi-vineyard-v6d-io"}
WIDGETS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def leases(cluster):
    return {item["metadata"]["name"] for item in cluster.client.get(LEASES).json["items"]}


def test_the_leases_of_the_sidecars_go_with_the_driver(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    eventually(lambda: leases(cluster) >= SIDECARS, "the sidecars have elected leaders")

    vineyardctl("delete", "csidriver")

    assert not SIDECARS & leases(cluster)


NODES = "/api/v1/nodes"
LABEL = f"csi.vineyard.v6d.io/store-{NAMESPACE}.vineyardd-sample"


def label_nodes(cluster, label=LABEL):
    """Does what the operator does for clusters with ready stores."""
    for node in cluster.client.get(NODES).json["items"]:
        cluster.client.patch(f"{NODES}/{node['metadata']['name']}", {"metadata": {"labels": {label: "true"}}}, MERGE)


def labelled(cluster, label=LABEL):
    nodes = cluster.client.get(NODES).json["items"]
    return [node["metadata"]["name"] for node in nodes if label in node["metadata"].get("labels", {})]


def test_the_labels_of_nodes_go_with_the_cluster(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    label_nodes(cluster)
    assert f"label {LABEL} would be taken off" in vineyardctl("delete", "vineyard-cluster", "--dry-run=client").story
    assert labelled(cluster)

    vineyardctl("delete", "vineyard-cluster")

    assert not labelled(cluster)


def test_without_an_operator_labels_stay_as_long_as_there_are_stores(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    vineyardctl("deploy", "operator")
    stale = "csi.vineyard.v6d.io/store-gone.cluster"
    label_nodes(cluster)
    label_nodes(cluster, stale)

    vineyardctl("delete", "operator")

    assert labelled(cluster) and not labelled(cluster, stale)
    vineyardctl("delete", "vineyard-deployment")
    assert not labelled(cluster)


@pytest.mark.double_only(reason="needs denials")
def test_a_user_who_may_not_change_nodes_is_told_how_labels_go_and_another_can_try_again(cluster, vineyardctl):
    label_nodes(cluster)
    cluster.deny(verb="patch", resource="nodes")
    assert f"'kubectl label node --all {LABEL}-'" in vineyardctl("delete", "vineyard-deployment").story
    assert labelled(cluster)
    cluster.allow_all()

    vineyardctl("delete", "vineyard-deployment")

    assert not labelled(cluster)


def test_given_a_namespace_deleted_by_other_means_then_check_and_status_find_what_is_left(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.client.delete(f"/apis/k8s.v6d.io/v1alpha1/namespaces/{NAMESPACE}/vineyardds/vineyardd-sample")
    cluster.client.delete(f"/api/v1/namespaces/{NAMESPACE}")
    eventually(lambda: not exists(cluster.client, f"/api/v1/namespaces/{NAMESPACE}"), "the namespace is gone")

    run = vineyardctl("check", "--pre", "-o", "json", status=1)

    (text,) = [text for sign, text in findings(run, "Operator") if sign == "✗"]
    assert text.startswith(f"of an installation in the namespace '{NAMESPACE}', which is gone, there are left: ")
    assert hint(run, text).startswith(f"'vineyardctl delete operator -n {NAMESPACE}' removes them")
    assert text in vineyardctl("status", status=4).error
    vineyardctl("delete", "operator", "-n", NAMESPACE)
    assert not exists(cluster.client, MUTATING)
    assert findings(vineyardctl("check", "--pre", "-o", "json"), "Operator") == []


def test_given_a_pod_that_has_ended_then_status_says_that_it_keeps_the_deleted_claim(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER, "--volumeBindingMode", "Immediate")
    pods, claims = "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/persistentvolumeclaims"
    cluster.image("step", "Succeed")
    make(cluster.client, claims, claim())
    make(
        cluster.client,
        pods,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "step-1"},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "step"}],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            },
        },
    )
    eventually(lambda: cluster.client.get(f"{pods}/step-1").json["status"].get("phase") == "Succeeded", "it has ended")

    cluster.client.delete(f"{claims}/data")

    text = "the claim default/data was deleted and stays until these pods are deleted, too: step-1 (Succeeded)"
    assert text in json.loads(vineyardctl("status", "-o", "json").output)["warnings"]
    assert exists(cluster.client, f"{claims}/data")
    cluster.client.delete(f"{pods}/step-1")
    eventually(lambda: not exists(cluster.client, f"{claims}/data"), "the claim is gone")
    assert text not in json.loads(vineyardctl("status", "-o", "json").output)["warnings"]


def test_given_a_foreign_kind_that_cannot_be_listed_then_the_deletion_succeeds_and_says_so(cluster, vineyardctl):
    """A conversion webhook of somebody else is down: nobody can tell whether the namespace holds such objects."""
    vineyardctl(*CLUSTER)
    make(
        cluster.client,
        WIDGETS,
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
                ],
            },
        },
    )
    eventually(
        lambda: cluster.client.get(f"/apis/example.com/v1/namespaces/{NAMESPACE}/widgets").status == 200, "it is served"
    )
    cluster.fault(
        "status",
        path="/widgets",
        times=None,
        code=500,
        message='conversion webhook for example.com/v1beta1, Kind=Widget failed: Post "https://w.x.svc:443/convert": no endpoints',
    )

    run = vineyardctl("delete", "vineyard-cluster")

    assert (
        f"Namespace {NAMESPACE} is kept: it still holds perhaps Widget objects, which the server cannot list"
        in run.story
    )
    assert not exists(cluster.client, f"{SYSTEM}/services/vineyard-webhook-service")


def test_given_a_namespace_stuck_by_discovery_then_its_condition_is_shown_and_the_deletion_succeeds(
    cluster, vineyardctl
):
    vineyardctl(*CLUSTER)
    path = f"/api/v1/namespaces/{NAMESPACE}"
    message = "Discovery failed for some groups, 1 failing: metrics.example.com/v1: the server is currently unable to handle the request"
    cluster.client.patch(path, {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.client.patch(
        f"{path}/status",
        {
            "status": {
                "conditions": [
                    {
                        "type": "NamespaceDeletionDiscoveryFailure",
                        "status": "True",
                        "reason": "DiscoveryFailed",
                        "message": message,
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                    }
                ]
            }
        },
    )

    run = vineyardctl("delete", "vineyard-cluster", "--timeout", "30s")

    assert f"⚠ Namespace {NAMESPACE} stays until an API of somebody else is repaired or removed: {message}" in run.story
    cluster.client.patch(path, {"metadata": {"finalizers": None}})
