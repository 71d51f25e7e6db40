"""People who may look and no more: users with the cluster's own role `view`."""

import json

import pytest

from command_line import CommandLine
from connections import edited
from deployments import NAMESPACE, make
from findings import findings

BINDINGS = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings"


def bind(api, user, kind, role):
    """Give a user a role in the namespace."""
    make(
        api,
        BINDINGS,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    )


@pytest.fixture
def viewer(cluster, vineyardctl, tmp_path):
    """The program as run by somebody who may view the namespace of a deployment."""
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace")
    cluster.token("viewer", "vera", ())
    bind(cluster.client, "vera", "ClusterRole", "view")
    return CommandLine(edited(cluster.kubeconfig, tmp_path / "config", token="viewer"), tmp_path)


def test_status_shows_what_they_may_see_and_marks_the_rest(viewer):
    status = json.loads(viewer("status", "-o", "json").output)

    assert {component["role"] for component in status["components"]} == {"operator", "store", "metadata"}
    assert status["isReady"] and len(status["pods"]) == 5
    assert "CSIDriver objects: no permission to list them" in status["notShown"]
    assert any(line.endswith("no permission to forward ports") for line in status["notShown"])
    assert not any("Vineyardd" in line for line in status["notShown"]), "the role view has the right to see them"
    assert "⚠ not shown: CSIDriver objects: no permission to list them\n" in viewer("status").output


def test_check_finds_what_they_may_see_well_and_marks_the_rest(viewer):
    run = viewer("check", "-o", "json")

    signs = {sign for sign, _ in findings(run)}
    assert signs == {"✔", "⚠"}
    assert ("✔", f"operator: Deployment {NAMESPACE}/vineyard-controller-manager: 1/1 ready") in findings(run)
    (missing,) = [text for _, text in findings(run, "Permissions")]
    assert missing.endswith(" permissions to deploy and delete are missing")


def test_what_somebody_may_not_see_at_all_is_an_error(viewer):
    assert "is forbidden" in viewer("status", "-n", "kube-system", status=1).error


@pytest.mark.parametrize("role, verbs", [("view", "get"), ("edit", "create delete patch"), ("admin", "create")])
def test_the_roles_of_the_cluster_cover_the_resources(cluster, vineyardctl, role, verbs):
    vineyardctl("deploy", "operator", "--create-namespace")
    make(
        cluster.client,
        BINDINGS,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "vera"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "vera"}],
        },
    )

    def may(verb):
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": "vera",
                "resourceAttributes": {
                    "verb": verb,
                    "group": "k8s.v6d.io",
                    "resource": "vineyardds",
                    "namespace": NAMESPACE,
                },
            },
        }
        return cluster.client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review).json["status"][
            "allowed"
        ]

    assert all(may(verb) for verb in verbs.split())
    assert may("list") and may("delete") == (role != "view")


def test_status_is_not_ready_for_who_may_not_see_what_that_depends_on(cluster, vineyardctl, tmp_path):
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "half"},
        "rules": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["list"]}],
    }
    make(cluster.client, BINDINGS.replace("rolebindings", "roles"), role)
    bind(cluster.client, "hal", "Role", "half")
    cluster.token("half", "hal", ())
    half = CommandLine(edited(cluster.kubeconfig, tmp_path / "config", token="half"), tmp_path)

    run = half("status", "-o", "json", status=3)

    status = json.loads(run.output)
    assert not status["isReady"] and all(component["isReady"] for component in status["components"])
    assert run.error.startswith("error: not everything may be seen: ") and "StatefulSet objects" in run.error
