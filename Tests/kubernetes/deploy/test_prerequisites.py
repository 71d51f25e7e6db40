"""Deployments that the cluster is not made for are refused before anything is changed."""

import pytest

from deployments import CLUSTER, NAMESPACE
from snapshot import everything

OPERATOR = "the operator is not deployed (hint: 'vineyardctl deploy operator --create-namespace' deploys it)"


@pytest.fixture
def refused(cluster, vineyardctl):
    """Runs a command that must be refused and change nothing; returns the error."""

    def run(*arguments, status=1):
        before = everything(cluster.client)
        done = vineyardctl(*arguments, status=status)
        assert done.output == ""
        assert everything(cluster.client) == before
        return done.error.removeprefix("error: ")

    return run


@pytest.mark.parametrize("target", ["vineyard-cluster", "operator", "vineyardd", "vineyard-deployment"])
def test_a_namespace_that_is_missing(refused, target):
    assert refused("deploy", target) == (
        f"the namespace '{NAMESPACE}' does not exist (hint: --create-namespace creates it, -n names another one)"
    )


def test_a_cluster_resource_without_the_operator(refused):
    error = refused("deploy", "vineyardd", "--create-namespace")

    assert error == f"the cluster has no Vineyardd resources: {OPERATOR}"


def test_a_driver_without_the_operator(refused):
    error = refused("deploy", "csidriver", "--clusters", f"{NAMESPACE}/vineyardd-sample")

    assert error == f"the cluster has no CSIDriver resources: {OPERATOR}"


@pytest.mark.parametrize("target", ["vineyard-cluster", "vineyard-deployment"])
def test_a_store_that_is_larger_than_every_node(refused, target):
    error = refused("deploy", target, "--create-namespace", "--vineyardd.size", "64Gi", status=2)

    assert error == (
        "a store of 64 GiB fits on no node: the largest, node-1, has 16 GiB for pods "
        "(hint: choose a smaller --vineyardd.size)"
    )


def test_a_driver_for_a_cluster_that_is_not_there_yet_is_deployed_with_a_warning(vineyardctl):
    vineyardctl(*CLUSTER)

    run = vineyardctl("deploy", "csidriver", "--clusters", f"{NAMESPACE}/later")

    assert f"⚠ there is no Vineyardd {NAMESPACE}/later yet; the driver serves it once it is deployed" in run.lines


def test_what_cannot_be_deleted_by_this_user_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    run = vineyardctl("delete", "vineyard-cluster", "--as", "jane", status=1)

    assert 'User "jane" cannot ' in run.error
    assert everything(cluster.client) == before
