"""Given a server with OpenShift's constraints, then every account is bound to the one that its pods need."""

import pytest

from deployments import APPS, CLUSTER, DRIVER, NAMESPACE, make
from managers import Managers
from operated import admitted, ready, running

RBAC = "/apis/rbac.authorization.k8s.io/v1"
BINDINGS = f"{RBAC}/namespaces/{NAMESPACE}/rolebindings"
CONSTRAINTS = ("privileged", "nonroot-v2")


@pytest.fixture
def openshift(bare_cluster):
    """What OpenShift brings along, as far as anybody of ours looks at it."""
    api, group = bare_cluster.client, "security.openshift.io"
    plural = "securitycontextconstraints"
    make(
        api,
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": "Cluster",
                "names": {
                    "kind": "SecurityContextConstraints",
                    "plural": plural,
                    "singular": plural,
                    "listKind": "SecurityContextConstraintsList",
                },
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
                ],
            },
        },
    )
    for name in CONSTRAINTS:
        make(
            api,
            f"{RBAC}/clusterroles",
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": f"system:openshift:scc:{name}"},
                "rules": [{"apiGroups": [group], "resources": [plural], "resourceNames": [name], "verbs": ["use"]}],
            },
        )
    return bare_cluster


def bound(api):
    """The constraint of each account."""
    return {
        binding["subjects"][0]["name"]: binding["roleRef"]["name"].rsplit(":", 1)[1]
        for binding in api.get(BINDINGS).json["items"]
        if binding["roleRef"]["name"].startswith("system:openshift:scc:")
    }


def test_the_operator_binds_what_stores_and_driver_need(openshift, deploys, tmp_path):
    deploys("deploy", "operator", "--create-namespace")
    admitted(openshift.client)
    managers = Managers(openshift, tmp_path)
    try:
        managers.start()
        deploys(*CLUSTER)
        deploys(*DRIVER)
        ready(openshift.client)
        running(openshift.client, "csidriver-sample")
    finally:
        managers.end()

    assert bound(openshift.client) == {
        "vineyard-manager": "nonroot-v2",
        "vineyardd-sample": "privileged",
        "vineyardd-sample-etcd": "nonroot-v2",
        "csidriver-sample-controller": "nonroot-v2",
        "csidriver-sample-node": "privileged",
    }
    for kind, name in (("deployments", "vineyardd-sample"), ("daemonsets", "csidriver-sample-csi-nodes")):
        pod = openshift.client.get(f"{APPS}/{kind}/{name}").json["spec"]["template"]["spec"]
        assert pod["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}


def test_nothing_of_it_is_left(openshift, deploys):
    deploys("deploy", "operator", "--create-namespace")
    assert bound(openshift.client)

    deploys("delete", "operator")

    names = [role["metadata"]["name"] for role in openshift.client.get(f"{RBAC}/clusterroles").json["items"]]
    assert "vineyard-manager-scc-role" not in names
    assert openshift.client.get(f"/api/v1/namespaces/{NAMESPACE}").status == 404 or not bound(openshift.client)
