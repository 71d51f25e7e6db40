"""Given a terminal, when something is deleted, then what was said stays to be read."""

from deployments import CLUSTER, NAMESPACE
from terminal import UP, on_terminal, screen


def test_given_a_terminal_when_a_cluster_is_deleted_then_every_deletion_is_shown_once(cluster, vineyardctl, tmp_path):
    vineyardctl(*CLUSTER)

    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "delete", "vineyard-cluster")

    assert status == 0
    assert UP.search(drawn)
    lines = screen(drawn)
    for line in (
        f"► Vineyardd {NAMESPACE}/vineyardd-sample deleted",
        f"► Deployment {NAMESPACE}/vineyard-controller-manager deleted",
        "► CustomResourceDefinition vineyardds.k8s.v6d.io deleted",
        f"► Namespace {NAMESPACE} deleted",
        f"✔ Vineyardd {NAMESPACE}/vineyardd-sample: gone",
    ):
        assert lines.count(line) == 1, (line, lines)
    assert not [line for line in lines if line.startswith("◎")]
    assert lines[-2:] == [f"✔ vineyard cluster {NAMESPACE}/vineyardd-sample is gone", ""]
