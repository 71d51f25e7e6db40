"""Given a program that renders custom resources, when the manager runs, then the double plays the operator."""

import pytest

import objects
from waiting import eventually

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
VINEYARDDS = "/apis/k8s.v6d.io/v1alpha1/namespaces/default/vineyardds"
DRIVERS = "/apis/k8s.v6d.io/v1alpha1/csidrivers"
APPS = "/apis/apps/v1/namespaces/default"
RENDER = """#!/usr/bin/env python3
import json, sys
resource = json.load(sys.stdin)
name, kind = resource["metadata"]["name"], resource["kind"]
namespace = sys.argv[sys.argv.index("--namespace") + 1] if "--namespace" in sys.argv else resource["metadata"]["namespace"]
def workload(kind, name):
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": {"selector": {"matchLabels": labels}, "template": pod}}
if kind == "Vineyardd":
    items = [workload("Deployment", name)]
    items[0]["spec"]["replicas"] = resource["spec"]["replicas"]
    if resource["spec"].get("extra"):
        items.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra", "namespace": namespace}})
else:
    items = [workload("Deployment", name + "-csi-driver"), workload("DaemonSet", name + "-csi-nodes")]
print(json.dumps({"kind": "List", "items": items}))
"""


def definition(kind, scope):
    schema = {part: {"type": "object", "x-kubernetes-preserve-unknown-fields": True} for part in ("spec", "status")}
    body = objects.definition(kind, schema, "k8s.v6d.io", scope=scope)
    body["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test"}
    body["spec"]["versions"][0]["name"] = "v1alpha1"
    return body


def resource(kind, spec):
    return {"apiVersion": "k8s.v6d.io/v1alpha1", "kind": kind, "metadata": {"name": "sample"}, "spec": spec}


@pytest.fixture
def api(start_double, tmp_path):
    program = tmp_path / "render"
    program.write_text(RENDER)
    program.chmod(0o755)
    client = start_double("--operator", str(program), "--pod-delay", "0.01").client
    client.post(CRDS, definition("Vineyardd", "Namespaced"))
    client.post(CRDS, definition("CSIDriver", "Cluster"))
    eventually(lambda: client.get(VINEYARDDS).status == client.get(DRIVERS).status == 200, "the kinds are served")
    return client


def test_given_no_manager_when_a_resource_is_created_then_nothing_happens_until_it_is_there(api):
    api.post(VINEYARDDS, resource("Vineyardd", {"replicas": 2, "extra": True}))
    assert "status" not in api.get(f"{VINEYARDDS}/sample").json
    api.post(f"{APPS}/deployments", objects.deployment("vineyard-controller-manager"))
    status = eventually(
        lambda: (s := api.get(f"{VINEYARDDS}/sample").json.get("status", {})).get("current") == 2 and s,
        "two replicas run",
    )
    assert (status["replicas"], status["observedGeneration"], status["conditions"][0]["status"]) == (2, 1, "True")
    owner = api.get(f"{APPS}/deployments/sample").json["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("Vineyardd", True, True)
    api.patch(f"{VINEYARDDS}/sample", {"spec": {"replicas": 1, "extra": False}})
    eventually(
        lambda: api.get("/api/v1/namespaces/default/configmaps/extra").status == 404, "what is not rendered goes"
    )
    eventually(lambda: api.get(f"{VINEYARDDS}/sample").json["status"]["current"] == 1, "one replica is left")
    api.delete(f"{VINEYARDDS}/sample")
    eventually(lambda: api.get(f"{APPS}/deployments/sample").status == 404, "the deployment goes with its owner")


def test_given_a_cluster_scoped_driver_when_its_workloads_are_ready_then_it_is_running(api):
    api.post(f"{APPS}/deployments", objects.deployment("vineyard-controller-manager"))
    api.post(DRIVERS, resource("CSIDriver", {}))
    eventually(lambda: api.get(f"{DRIVERS}/sample").json.get("status", {}).get("state") == "running", "the driver runs")
