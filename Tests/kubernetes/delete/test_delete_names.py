"""A name or a namespace that is mistyped deletes nothing; the operator stays while something needs it."""

import pytest

from deployments import APPS, CLUSTER, CRDS, DEPLOYMENT, DRIVER, NAMESPACE, OURS, VINEYARDDS, exists
from snapshot import everything
from terminal import on_terminal, screen

MANAGER = f"{APPS}/deployments/vineyard-controller-manager"


@pytest.mark.parametrize(
    "target, title",
    [
        ("vineyard-cluster", f"vineyard cluster {NAMESPACE}/vineyardd-smaple"),
        ("vineyardd", f"vineyardd {NAMESPACE}/vineyardd-smaple"),
    ],
)
def test_given_a_typo_when_a_cluster_is_deleted_then_nothing_goes(cluster, vineyardctl, target, title):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    run = vineyardctl("delete", target, "--name", "vineyardd-smaple", status=4)

    assert run.story == (
        f"error: there is no {title}: nothing was deleted (hint: did you mean --name vineyardd-sample?)\n"
    )
    assert everything(cluster.client) == before


def test_given_a_typo_when_a_driver_is_deleted_then_nothing_goes(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    run = vineyardctl("delete", "csidriver", "--name", "csidriver-smaple", status=4)

    assert "(hint: did you mean --name csidriver-sample?)" in run.error
    assert exists(cluster.client, f"{OURS}/csidrivers/csidriver-sample")


def test_given_a_typo_when_plain_workloads_are_deleted_then_nothing_goes(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)

    run = vineyardctl("delete", "vineyard-deployment", "--name", "vineyardd-smaple", status=4)

    assert "(hint: did you mean --name vineyardd-sample?)" in run.error
    assert exists(cluster.client, f"{APPS}/deployments/vineyardd-sample")


@pytest.mark.parametrize("target", ["vineyard-cluster", "vineyardd", "operator"])
def test_given_the_wrong_namespace_then_nothing_goes(cluster, vineyardctl, target):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    run = vineyardctl("delete", target, "-n", "vineyard-sytem", status=4)

    assert run.error.endswith(f"(hint: there is one in another namespace: -n {NAMESPACE})")
    assert everything(cluster.client) == before


def test_given_a_name_that_nothing_has_when_there_is_nothing_at_all_then_it_says_so(vineyardctl):
    run = vineyardctl("delete", "vineyardd", "--name", "mine", status=4)

    assert run.error.startswith(f"error: there is no vineyardd {NAMESPACE}/mine")


@pytest.mark.parametrize(
    "other, title",
    [
        (
            ("deploy", "vineyardd", "-n", "team2", "--create-namespace", "--replicas", "1"),
            "Vineyardd team2/vineyardd-sample",
        ),
        ((*DRIVER[:3], f"{NAMESPACE}/vineyardd-sample,team2/other"), "CSIDriver csidriver-sample"),
    ],
)
def test_given_another_resource_that_needs_the_operator_when_a_cluster_goes_then_the_operator_stays(
    cluster,
    vineyardctl,
    other,
    title,
):
    vineyardctl(*CLUSTER)
    vineyardctl(*other)

    run = vineyardctl("delete", "vineyard-cluster")

    assert f"► the operator stays: {title} needs it" in run.lines
    assert not exists(cluster.client, f"{VINEYARDDS}/vineyardd-sample")
    assert exists(cluster.client, MANAGER)
    assert exists(cluster.client, f"{CRDS}/vineyardds.k8s.v6d.io")


def test_given_clusters_elsewhere_when_the_namespace_of_the_operator_is_deleted_then_it_is_refused(
    cluster, vineyardctl
):
    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "vineyardd", "-n", "team2", "--create-namespace", "--replicas", "1")

    run = vineyardctl("delete", "vineyard-cluster", "--delete-namespace", status=1)

    assert "holds the operator, which Vineyardd team2/vineyardd-sample needs" in run.error
    assert exists(cluster.client, MANAGER)


def test_given_a_terminal_when_a_cluster_is_deleted_then_the_question_is_asked(cluster, vineyardctl, tmp_path):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    before = everything(cluster.client)
    going = (
        "its stores with all their data, CSIDriver csidriver-sample, the operator, "
        f"the namespace {NAMESPACE} if nothing else is in it"
    )
    question = f"delete vineyard cluster {NAMESPACE}/vineyardd-sample ({going})? [y/N]"

    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "delete", "vineyard-cluster", answers="\n")

    assert status == 1
    assert question in drawn
    assert screen(drawn)[-2].endswith("error: not confirmed; nothing was changed")
    assert everything(cluster.client) == before
    status, _ = on_terminal(cluster.kubeconfig, tmp_path, "delete", "vineyard-cluster", answers="yes\n")
    assert status == 0
    assert not exists(cluster.client, f"{VINEYARDDS}/vineyardd-sample")


def test_given_a_terminal_and_yes_when_deleted_then_nothing_is_asked(cluster, vineyardctl, tmp_path):
    vineyardctl(*DEPLOYMENT)

    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "delete", "vineyard-deployment", "-y", answers="")

    assert (status, "[y/N]" in drawn) == (0, False)
