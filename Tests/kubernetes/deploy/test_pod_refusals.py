"""Given a namespace that refuses pods, then whoever asks is told why and what to do."""

import json

import pytest

from deployments import CLUSTER, DRIVER, NAMESPACE, SYSTEM, make, namespace
from findings import findings, hint
from operated import DRIVERS, NAME, condition, told
from waiting import eventually

PLAIN = ("deploy", "vineyard-deployment", "--replicas", "1")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
SECURITY = 'violates PodSecurity "restricted:latest"'


def quota(api, **hard):
    make(
        api,
        f"{SYSTEM}/resourcequotas",
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": hard}},
    )


def limits(api, **limit):
    make(
        api,
        f"{SYSTEM}/limitranges",
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "bounds"},
            "spec": {"limits": [{"type": "Container", **limit}]},
        },
    )


def a_namespace(api, labels=None):
    make(api, "/api/v1/namespaces", namespace(NAMESPACE) | {"metadata": {"name": NAMESPACE, "labels": labels or {}}})


def refused(workload):
    conditions = workload.json.get("status", {}).get("conditions", ())
    return any(entry["type"] == "ReplicaFailure" for entry in conditions)


def test_given_pod_security_then_deploy_and_status_tell(cluster, vineyardctl):
    a_namespace(cluster.client, RESTRICTED)

    error = vineyardctl(*PLAIN, "--meta", "local", "--timeout", "2s", status=3).error

    assert "pods are refused: " in error and SECURITY in error
    assert "hint: the stores use a directory of their node: label the namespace with " in error
    found = json.loads(vineyardctl("status", "-o", "json", status=3).output)
    assert any(SECURITY in warning and "(hint: " in warning for warning in found["warnings"])


@pytest.mark.parametrize(
    "prepare, words, advice",
    [
        (lambda api: quota(api, **{"requests.memory": "1Mi"}), "exceeded quota: team", "raise the quota"),
        (
            lambda api: quota(api, **{"limits.cpu": "4"}),
            "failed quota: team: must specify limits.cpu",
            "raise the quota",
        ),
        (lambda api: limits(api, max={"memory": "1Mi"}), "maximum memory usage per Container", "change the LimitRange"),
    ],
)
def test_given_a_quota_or_limits_then_their_words_come_with_advice(cluster, vineyardctl, prepare, words, advice):
    a_namespace(cluster.client)
    prepare(cluster.client)

    error = vineyardctl(*PLAIN, "--vineyardd.size", "1Gi", "--timeout", "2s", status=3).error

    assert words in error
    assert advice in error.rsplit("(hint: ", 1)[1]


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_given_pod_security_then_check_tells_before_anything_is_deployed(cluster, vineyardctl, level):
    """Only what uses directories of its node needs the level privileged: stores, and the driver's node plugins."""
    a_namespace(cluster.client, {"pod-security.kubernetes.io/enforce": level})

    run = vineyardctl("check", "--pre", "-o", "json", status=1)

    texts = [text for sign, text in findings(run, "Admission") if sign == "✗"]
    assert [text.split(" would be refused: ")[0] for text in texts] == [
        "the pods of Deployment vineyardd-sample",
        "the pods of DaemonSet csidriver-sample-csi-nodes",
    ]
    assert "label the namespace" in hint(run, texts[0])
    assert not cluster.client.get(f"{SYSTEM}/pods").json["items"]


def test_given_a_user_who_may_not_grant_then_check_says_so(cluster, vineyardctl, tmp_path):
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch", "create", "patch", "delete"]}]
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    make(
        cluster.client,
        f"{rbac}/clusterroles",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "nearly"},
            "rules": rules,
        },
    )
    make(
        cluster.client,
        f"{rbac}/clusterrolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "nearly"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nearly"},
            "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}],
        },
    )

    run = vineyardctl("check", "--pre", "--as", "jane", "-o", "json", status=1)

    texts = [text for sign, text in findings(run, "Admission") if sign == "✗"]
    assert any(text.startswith("ClusterRole vineyard-manager-role would be refused: ") for text in texts)
    assert "only somebody who holds these rights may grant them" in hint(run, texts[0])


def test_where_nothing_is_refused_check_says_what_was_tried(cluster, vineyardctl):
    a_namespace(cluster.client)

    ((sign, text),) = findings(vineyardctl("check", "--pre", "-o", "json"), "Admission")

    assert (sign, text.split(" ", 3)[:3]) == ("✔", ["the", "server", "takes"])
    assert "5 kinds of pods" in text


def test_given_an_operator_then_condition_event_and_deploy_tell(managers, deploys):
    managers.start()
    quota(managers.api, **{"requests.memory": "1Mi"})

    run = deploys(*CLUSTER, "--vineyardd.size", "1Gi", "--timeout", "15s", status=3)

    assert "exceeded quota: team" in run.error
    path = f"/apis/k8s.v6d.io/v1alpha1/namespaces/{NAMESPACE}/vineyardds/{NAME}"
    found = condition(managers.api, path, "Ready")
    assert found["reason"] == "PodsRefused" and "exceeded quota: team" in found["message"]
    assert condition(managers.api, path, "ReplicaFailure")["status"] == "True"
    assert "exceeded quota: team" in told(managers.api, NAME, "Warning", "PodsRefused")

    managers.api.delete(f"{SYSTEM}/resourcequotas/team")
    eventually(lambda: condition(managers.api, path, "Ready").get("status") == "True", "the cluster is ready")
    assert not condition(managers.api, path, "ReplicaFailure")


def test_given_an_operator_then_refused_node_plugins_are_told_too(managers, deploys):
    """A DaemonSet has no condition: only its events tell."""
    managers.start()
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    managers.api.patch(f"/api/v1/namespaces/{NAMESPACE}", labels)

    deploys(*DRIVER, "--wait=false")

    path = f"{DRIVERS}/csidriver-sample"
    eventually(lambda: condition(managers.api, path, "Ready").get("reason") == "PodsRefused", "the refusal is told")
    assert 'violates PodSecurity "baseline:latest"' in condition(managers.api, path, "Ready")["message"]
    assert "hostPath volumes" in told(managers.api, "csidriver-sample", "Warning", "PodsRefused")
    run = deploys("status", status=3)
    assert "DaemonSet vineyard-system/csidriver-sample-csi-nodes: pods are refused" in run.output
