"""Given fields that others have set, when something is deployed, then they are named, or taken over on request."""

import pytest

MANAGER = "/apis/apps/v1/namespaces/vineyard-system/deployments/vineyard-controller-manager"
OPERATOR = ("deploy", "operator", "--create-namespace")


@pytest.fixture
def scaled(cluster, vineyardctl):
    """An operator whose number of replicas somebody else owns."""
    vineyardctl(*OPERATOR)
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "vineyard-controller-manager"}}
    assert (
        cluster.client.apply(MANAGER, {**patch, "spec": {"replicas": 2}}, manager="someone", force="true").status == 200
    )
    return cluster


def test_given_another_owner_when_deployed_then_both_the_owner_and_the_field_are_named(scaled, vineyardctl):
    run = vineyardctl(*OPERATOR, status=1)

    assert run.error == (
        "error: cannot apply Deployment vineyard-system/vineyard-controller-manager: 'someone' owns .spec.replicas "
        "(hint: --force-conflicts takes the fields over)"
    )
    assert scaled.client.get(MANAGER).json["spec"]["replicas"] == 2


def test_given_another_owner_when_forced_then_the_field_is_taken_over_for_good(scaled, vineyardctl):
    vineyardctl(*OPERATOR, "--force-conflicts")

    assert scaled.client.get(MANAGER).json["spec"]["replicas"] == 1
    vineyardctl(*OPERATOR)


def test_given_another_owner_when_the_server_only_checks_then_the_conflict_shows_as_well(scaled, vineyardctl):
    assert "'someone' owns .spec.replicas" in vineyardctl(*OPERATOR, "--dry-run=server", status=1).error

    vineyardctl(*OPERATOR, "--dry-run=server", "--force-conflicts")


def test_given_another_owner_when_compared_then_the_conflict_is_told_and_the_difference_shown(scaled, vineyardctl):
    run = vineyardctl("diff", "operator", status=1)

    assert "'someone' owns .spec.replicas" in run.story
    assert "-  replicas: 2\n+  replicas: 1\n" in run.output


def test_given_another_owner_who_wants_the_same_when_deployed_then_there_is_no_conflict(cluster, vineyardctl):
    vineyardctl(*OPERATOR)
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "vineyard-controller-manager"}}
    cluster.client.apply(MANAGER, {**patch, "spec": {"replicas": 1}}, manager="someone")

    vineyardctl(*OPERATOR)


def test_given_kubectl_scale_when_deployed_then_the_editor_is_named_and_can_be_overruled(
    cluster, kubectl_of, vineyardctl
):
    vineyardctl(*OPERATOR)
    kubectl_of(cluster)("scale", "-n", "vineyard-system", "deployment/vineyard-controller-manager", "--replicas", "3")

    assert "owns .spec.replicas" in vineyardctl(*OPERATOR, status=1).error

    vineyardctl(*OPERATOR, "--force-conflicts")
    assert cluster.client.get(MANAGER).json["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    "path, body",
    [
        (
            "/api/v1/namespaces/vineyard-system/services/vineyard-webhook-service",
            {"spec": {"ports": None, "selector": {"control-plane": None}}},
        ),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles/vineyard-manager-role", {"rules": []}),
        (MANAGER, {"metadata": {"labels": {"k8s.v6d.io/instance": None}}}),
    ],
)
def test_given_something_taken_away_by_hand_when_deployed_then_it_is_back(cluster, vineyardctl, path, body):
    vineyardctl(*OPERATOR)
    before = cluster.client.get(path).json
    cluster.client.patch(path, body, fieldManager="vineyardctl")

    vineyardctl(*OPERATOR, "--force-conflicts")

    after = cluster.client.get(path).json
    assert {key: after.get(key) for key in ("spec", "rules")} == {key: before.get(key) for key in ("spec", "rules")}
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_given_an_object_deleted_by_hand_when_deployed_then_it_is_back(cluster, vineyardctl):
    vineyardctl(*OPERATOR)
    cluster.client.delete("/api/v1/namespaces/vineyard-system/services/vineyard-webhook-service")

    run = vineyardctl(*OPERATOR)

    assert "✚ Service vineyard-system/vineyard-webhook-service created" in run.lines


def test_given_what_others_added_when_deployed_then_it_stays(cluster, vineyardctl):
    vineyardctl(*OPERATOR)
    cluster.client.patch(MANAGER, {"metadata": {"annotations": {"team": "data"}}}, fieldManager="someone")

    vineyardctl(*OPERATOR)

    assert cluster.client.get(MANAGER).json["metadata"]["annotations"]["team"] == "data"
