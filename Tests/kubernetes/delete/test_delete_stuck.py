"""Deletions that something holds up."""

import pytest

from deployments import APPS, CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, OURS, SYSTEM, VINEYARDDS, exists, make
from objects import config_map
from snapshot import everything
from waiting import eventually

RESOURCE = f"{VINEYARDDS}/vineyardd-sample"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
AGAIN = "(hint: deletion goes on in the cluster; run the same command again to wait for it)"


def stop_operator(cluster):
    """Delete the operator's Deployment as a user might, and wait until no webhook is answered."""
    cluster.client.delete(f"{APPS}/deployments/vineyard-controller-manager", propagationPolicy="Foreground")
    eventually(lambda: not exists(cluster.client, f"{APPS}/deployments/vineyard-controller-manager"), "it is gone")
    eventually(
        lambda: not cluster.client.get(f"{SYSTEM}/endpoints/vineyard-webhook-service").json.get("subsets"),
        "the webhook has no endpoints",
    )


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-cluster"])
def test_a_webhook_that_nobody_answers_does_not_hold_the_deletion_up(cluster, vineyardctl, target):
    vineyardctl(*CLUSTER)
    stop_operator(cluster)
    refused = cluster.client.patch(RESOURCE, {"spec": {"replicas": 2}})
    assert refused.status == 500 and "failed calling webhook" in refused.text

    run = vineyardctl("delete", target, "--timeout", "60s")

    assert run.lines[-1].endswith(" is gone")
    assert not exists(cluster.client, RESOURCE)
    assert not exists(cluster.client, f"{APPS}/deployments/vineyardd-sample")
    assert not cluster.client.get(f"{SYSTEM}/pods", labelSelector="app.vineyard.io/name=vineyardd-sample").json["items"]


def test_a_driver_can_be_deleted_without_an_operator(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    stop_operator(cluster)

    vineyardctl("delete", "csidriver", "--timeout", "60s")

    assert not exists(cluster.client, f"{OURS}/csidrivers/csidriver-sample")
    assert not exists(cluster.client, f"{APPS}/daemonsets/csidriver-sample-csi-nodes")


def test_a_deletion_that_the_dead_webhook_has_stopped_is_freed(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl(*CLUSTER)
    stop_operator(cluster)
    cluster.client.delete(RESOURCE, propagationPolicy="Foreground")
    assert exists(cluster.client, RESOURCE)

    vineyardctl("delete", "vineyard-cluster", "--timeout", "60s")

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_a_finalizer_of_somebody_else_is_named_when_time_is_up(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    path = f"{APPS}/deployments/vineyardd-sample"
    cluster.client.patch(path, {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}})

    run = vineyardctl("delete", "vineyard-deployment", "--timeout", "2s", status=3)

    held = "held by the finalizers example.com/hold, example.com/more"
    assert run.error == f"error: Deployment {NAMESPACE}/vineyardd-sample is still there after 2s: {held} {AGAIN}"
    assert f"◎ Deployment {NAMESPACE}/vineyardd-sample: {held}" in run.lines
    assert exists(cluster.client, f"/api/v1/namespaces/{NAMESPACE}"), "later waves wait for earlier ones"


@pytest.mark.double_only(reason="a genuine namespace says nothing in its first five seconds")
def test_a_namespace_tells_what_it_waits_for(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    make(cluster.client, f"{SYSTEM}/configmaps", config_map("held", NAMESPACE))
    cluster.client.patch(f"{SYSTEM}/configmaps/held", {"metadata": {"finalizers": ["example.com/hold"]}})

    run = vineyardctl("delete", "vineyard-deployment", "--delete-namespace", "--timeout", "2s", status=3)

    assert run.error.startswith(f"error: Namespace {NAMESPACE} is still there after 2s: Some content in the namespace")
    assert "example.com/hold" in run.error


def test_without_waiting_the_command_ends_at_once(cluster, vineyardctl):
    before = everything(cluster.client)
    vineyardctl(*CLUSTER)
    cluster.client.patch(RESOURCE, {"metadata": {"finalizers": ["example.com/hold"]}})

    run = vineyardctl("delete", "vineyard-cluster", "--wait=false")

    assert run.lines[-1] == f"✔ vineyard cluster {NAMESPACE}/vineyardd-sample is being deleted"
    assert not [line for line in run.lines if " is kept" in line]
    cluster.client.patch(RESOURCE, {"metadata": {"finalizers": None}})
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_no_permission_to_delete_is_one_line(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.deny(verb="delete", resource="deployments", group="apps")

    run = vineyardctl("delete", "vineyard-deployment", status=1)

    assert run.error.startswith(f"error: cannot delete Deployment {NAMESPACE}/vineyardd-sample: ")
    assert run.error.endswith("(hint: ask the cluster's administrator for a role that allows it)")
    assert run.output == ""
