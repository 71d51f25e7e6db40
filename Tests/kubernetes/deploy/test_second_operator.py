"""One operator serves all namespaces; a second one is refused with the command that works."""

import pytest

from deployments import CLUSTER, NAMESPACE, OURS, exists
from snapshot import everything

HINTS = {
    "vineyard-cluster": "'vineyardctl deploy vineyardd -n team2 --create-namespace' deploys a cluster that it runs",
    "operator": f"'vineyardctl deploy operator -n {NAMESPACE}' brings it up to date",
}


@pytest.mark.parametrize("target", HINTS)
def test_given_an_operator_elsewhere_when_another_is_deployed_then_it_is_refused(cluster, vineyardctl, target):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)

    run = vineyardctl("deploy", target, "-n", "team2", "--create-namespace", status=1)

    assert run.error == (
        f"error: an operator runs in the namespace '{NAMESPACE}' already: one serves all namespaces "
        f"(hint: {HINTS[target]})"
    )
    assert everything(cluster.client) == before


def test_given_the_hint_when_it_is_followed_then_the_cluster_is_ready(cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    vineyardctl("deploy", "vineyardd", "-n", "team2", "--create-namespace", "--replicas", "1")

    assert exists(cluster.client, f"{OURS}/namespaces/team2/vineyardds/vineyardd-sample")
