"""Who has rights in a namespace only can delete what they could deploy there."""

from deployments import exists

TEAM = "/apis/apps/v1/namespaces/team/deployments/vineyardd-sample"


def test_without_the_right_to_see_volumes_a_deployment_can_be_deleted(cluster, vineyardctl):
    cluster.deny(verb="list", resource="persistentvolumes")
    vineyardctl("deploy", "vineyard-deployment", "-n", "team", "--create-namespace")

    vineyardctl("delete", "vineyard-deployment", "-n", "team")

    assert not exists(cluster.client, TEAM)
