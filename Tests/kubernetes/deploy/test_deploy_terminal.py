"""Given a terminal, when a deployment is waited for, then one block shows all objects and is redrawn."""

from terminal import UP, on_terminal, screen


def test_given_a_terminal_when_deployed_then_each_object_is_shown_once_in_the_end(cluster, tmp_path):
    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "deploy", "vineyard-cluster", "--create-namespace")

    assert status == 0
    assert UP.search(drawn)
    lines = screen(drawn)
    assert lines.count("✔ Vineyardd vineyard-system/vineyardd-sample: 3/3 ready") == 1
    assert not [line for line in lines if line.startswith("◎")]
    assert {"✚ Namespace vineyard-system created", "✚ Deployment vineyard-system/vineyard-controller-manager created",
            "✚ Vineyardd vineyard-system/vineyardd-sample created"} <= set(lines), "redrawing erases nothing else"
    assert lines[-2:] == ["✔ vineyard cluster vineyard-system/vineyardd-sample is ready", ""]


def test_given_a_terminal_when_time_is_up_then_reasons_stand_above_and_the_error_below(cluster, tmp_path):
    cluster.image("store", "ImagePullBackOff")

    status, drawn = on_terminal(
        cluster.kubeconfig, tmp_path, "deploy", "vineyard-deployment", "--create-namespace", "--vineyardd.image",
        "store:1", "--timeout", "1s")

    assert status == 3
    lines = screen(drawn)
    assert [line for line in lines if line.startswith("✗ vineyardd-sample-")]
    assert len([line for line in lines if line.startswith("◎ Deployment vineyard-system/vineyardd-sample:")]) == 1
    assert lines[-2].startswith("error: Deployment vineyard-system/vineyardd-sample is not ready after 1s")


def test_given_a_terminal_when_a_cluster_is_deployed_then_every_object_made_is_shown_once(cluster, tmp_path):
    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "deploy", "vineyard-cluster", "--create-namespace")

    assert status == 0
    made = [line for line in screen(drawn) if line.startswith("✚ ")]
    assert len(made) == len(set(made)) == drawn.count("✚ ")
