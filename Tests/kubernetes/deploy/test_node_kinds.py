"""Deploying to nodes that are tainted, down, of other kinds, or without the image."""

import json

import pytest

from apiserver.bootstrap import IMAGE, PAUSE
from deployments import APPS, CLUSTER, DRIVER, NAMESPACE, OURS, VINEYARDDS, exists
from findings import findings, hint
from waiting import eventually

NODES = ("node-1", "node-2", "node-3")


def pods_of(cluster, kind, name):
    return cluster.client.get(f"{APPS}/{kind}/{name}").json["spec"]["template"]["spec"]


def test_given_tainted_nodes_then_one_flag_lets_stores_and_driver_go_there(cluster, vineyardctl):
    for node in NODES:
        cluster.node(node, "taint", key="dedicated", value="ml")
        cluster.node(node, "label", labels={"pool": "ml"})
    flags = ("--tolerations", "dedicated=ml:NoSchedule", "--node-selector", "pool=ml")

    run = vineyardctl("deploy", "vineyard-cluster", "--create-namespace", *flags)
    vineyardctl(*DRIVER, *flags)

    assert "3 of 3 nodes can take a pod" in run.story
    toleration = {"key": "dedicated", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}
    for kind, name in (
        ("deployments", "vineyardd-sample"),
        ("deployments", "csidriver-sample-csi-driver"),
        ("daemonsets", "csidriver-sample-csi-nodes"),
    ):
        found = pods_of(cluster, kind, name)
        assert toleration in found["tolerations"]
        assert found["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "ml"}
    assert vineyardctl("status").status == 0


def test_given_windows_nodes_then_no_pod_goes_there(cluster, vineyardctl):
    cluster.node("node-1", "label", labels={"kubernetes.io/os": "windows"})

    run = vineyardctl("deploy", "vineyard-cluster", "--create-namespace")

    assert "► 2 replicas: 2 of 3 nodes can take a pod (node-1: runs Windows)" in run.story


def test_given_nodes_of_two_architectures_then_deploy_says_how_to_choose(cluster, vineyardctl):
    cluster.node("node-1", "label", labels={"kubernetes.io/arch": "arm64"})

    assert "⚠ the nodes have the architectures amd64, arm64: " in vineyardctl(*CLUSTER).story
    run = vineyardctl("deploy", "vineyard-cluster", "--name", "second", "--architectures", "amd64")

    assert "2 of 3 nodes can take a pod (node-1: is arm64)" in run.story
    terms = pods_of(cluster, "deployments", "second")["affinity"]["nodeAffinity"]
    assert terms["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]}
    ]


def test_given_pull_secrets_then_every_pod_has_them(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--image-pull-secrets", "one,two")
    vineyardctl(*DRIVER, "--image-pull-secrets", "one")

    both = [{"name": "one"}, {"name": "two"}]
    for name in ("vineyard-controller-manager", "vineyardd-sample"):
        assert pods_of(cluster, "deployments", name)["imagePullSecrets"] == both
    assert pods_of(cluster, "daemonsets", "csidriver-sample-csi-nodes")["imagePullSecrets"] == [{"name": "one"}]
    assert cluster.client.get(f"{VINEYARDDS}/vineyardd-sample").json["spec"]["imagePullSecrets"] == both


def test_given_no_node_with_the_default_image_then_nothing_is_created(cluster, vineyardctl):
    for node in NODES:
        cluster.node(node, "images", images=[PAUSE])

    error = vineyardctl(*CLUSTER, "--timeout", "1s", status=1).error

    assert error.startswith(
        f"error: no node has the image {IMAGE}, and no registry has it: nothing was changed (hint: "
    )
    assert "images import -' on each node brings it there" in error
    assert not exists(cluster.client, f"/api/v1/namespaces/{NAMESPACE}")


def test_given_an_image_that_is_loaded_a_moment_later_then_deploying_goes_on(cluster, vineyardctl):
    """Kubelets report a new image after some seconds."""
    for node in NODES:
        cluster.node(node, "images", images=[PAUSE])
    process = vineyardctl.start(*CLUSTER)
    for line in process.stderr:
        if "no node has reported the image" in line:
            break

    cluster.node("node-2", "images", images=[PAUSE, IMAGE])

    _, story = process.communicate(timeout=60)
    assert process.returncode == 0, story


@pytest.mark.parametrize("flags", [("--image", "registry.example.com/v:1"), ("--image-registry", "mirror.example.com")])
def test_an_image_that_can_be_pulled_is_left_to_the_kubelets(cluster, vineyardctl, flags):
    for node in NODES:
        cluster.node(node, "images", images=[PAUSE])

    assert "no node" not in vineyardctl(*CLUSTER, *flags).story


def test_given_microk8s_then_the_driver_finds_the_kubelets(cluster, vineyardctl):
    for node in NODES:
        cluster.node(node, "label", labels={"microk8s.io/cluster": "true"})
    directory = "/var/snap/microk8s/common/var/lib/kubelet"
    vineyardctl(*CLUSTER)

    assert (
        "✔",
        f"kubelets work in {', '.join(f'{node}: {directory}' for node in NODES)}; "
        "'deploy csidriver' takes that directory",
    ) in findings(vineyardctl("check", "-o", "json"), "Nodes")
    run = vineyardctl(*DRIVER)

    assert f"► the kubelets work in {directory} (--kubelet-directory changes it)" in run.lines
    assert cluster.client.get(f"{OURS}/csidrivers/csidriver-sample").json["spec"]["kubeletDirectory"] == directory
    assert all(sign == "✔" for sign, text in findings(vineyardctl("check", "-o", "json"), "Nodes"))
    vineyardctl(*DRIVER, "--kubelet-directory", "/elsewhere")
    run = vineyardctl("check", "-o", "json", status=1)
    (text,) = [text for sign, text in findings(run, "Nodes") if sign == "✗"]
    assert text.startswith("the CSI driver looks for kubelets in /elsewhere, and they work in ")
    assert "deploy it again" in hint(run, text)


def test_given_a_node_that_is_down_then_deploy_and_status_name_it(cluster, vineyardctl):
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace")

    cluster.node("node-2", "ready", ready=False)

    eventually(lambda: vineyardctl.run("status").status == 3, "a store is not ready")
    found = json.loads(vineyardctl("status", "-o", "json", status=3).output)
    (line,) = [warning for warning in found["warnings"] if warning.startswith("node ")]
    assert line.startswith("node node-2 is NotReady since 20") and line.endswith(
        ": Kubelet stopped posting node status."
    )
    assert {pod["state"] for pod in found["pods"] if pod["node"] == "node-2"} == {"NodeNotReady"}
    run = vineyardctl("deploy", "vineyard-cluster", "--wait=false")
    assert any(each.startswith("⚠ node node-2 is NotReady since ") for each in run.lines)
