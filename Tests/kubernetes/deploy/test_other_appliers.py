"""What others applied from our output, with kubectl for instance, does not stand in our way."""

import json

import pytest

from waiting import eventually

PATHS = {
    "Deployment": "apis/apps/v1/namespaces/{namespace}/deployments/{name}",
    "StatefulSet": "apis/apps/v1/namespaces/{namespace}/statefulsets/{name}",
}
TARGETS = (
    ("vineyard-cluster", "--create-namespace"),
    ("vineyard-deployment", "--create-namespace"),
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[0])
def test_given_workloads_that_somebody_applied_when_deployed_then_nothing_conflicts(cluster, vineyardctl, target):
    rendered = vineyardctl("deploy", *target, "--dry-run=client", "-o", "json").output
    items = json.loads(rendered)["items"]
    cluster.client.post("/api/v1/namespaces", {"metadata": {"name": "vineyard-system"}})
    workloads = [item for item in items if item["kind"] in PATHS]
    for item in workloads:
        path = "/" + PATHS[item["kind"]].format(**item["metadata"])
        assert cluster.client.apply(path, item, "kubectl").status == 201

    vineyardctl("deploy", *target)

    for item in workloads:
        path = "/" + PATHS[item["kind"]].format(**item["metadata"])
        managers = {entry["manager"] for entry in cluster.client.get(path).json["metadata"]["managedFields"]}
        assert {"kubectl", "vineyardctl"} <= managers
    eventually(lambda: vineyardctl("diff", *target), "the cluster is as planned")
