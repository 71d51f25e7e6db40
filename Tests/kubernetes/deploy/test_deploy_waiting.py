"""Given a deployment that takes its time, when it is waited for, then the story tells how far it is."""

import json
import time

import pytest

from command_line import CommandLine, interrupt
from connections import edited
from snapshot import versions
from waiting import eventually

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
SYSTEM = "vineyard-system"
STORES = f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/vineyardd-sample"


def until(process, text):
    """Read the story of a running command up to a line with that text."""
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"the story ended without: {text}")


def test_given_no_terminal_when_waiting_then_each_object_gets_a_line_for_its_news(cluster, vineyardctl):
    cluster.settings(pod_delay=0.3)

    run = vineyardctl(*CLUSTER)

    assert run.output == ""
    assert "◎ Deployment vineyard-system/vineyard-controller-manager: 0/1 ready" in run.lines
    assert "✔ Deployment vineyard-system/vineyard-controller-manager: 1/1 ready" in run.lines
    assert "✔ Vineyardd vineyard-system/vineyardd-sample: 3/3 ready" in run.lines
    assert "\x1b" not in run.story
    assert all(line[:2] in ("► ", "✚ ", "◎ ", "✔ ") and len(line) > 2 for line in run.lines), run.story


def test_given_a_driver_when_waiting_then_every_line_says_something(vineyardctl):
    vineyardctl(*CLUSTER)

    run = vineyardctl("deploy", "csidriver", "--clusters", f"{SYSTEM}/vineyardd-sample")

    assert "◎ CSIDriver csidriver-sample: pending" in run.lines
    assert "✔ CSIDriver csidriver-sample: running" in run.lines


def test_given_no_wait_when_applied_then_it_returns_and_status_can_wait(cluster, vineyardctl):
    cluster.image("store", "Pending")

    run = vineyardctl(*CLUSTER, "--vineyardd.image", "store:1", "--wait=false")

    assert run.lines[-1] == (
        f"✔ vineyard cluster {SYSTEM}/vineyardd-sample is applied; 'vineyardctl status --wait' waits until it is ready"
    )
    resource = f"/apis/k8s.v6d.io/v1alpha1/namespaces/{SYSTEM}/vineyardds/vineyardd-sample"
    assert cluster.client.get(resource).status == 200
    eventually(lambda: cluster.struck("image store"), "the stores cannot start yet")
    cluster.clear_images()
    vineyardctl("status", "--wait")


@pytest.mark.parametrize("number, status", [(2, 130), (15, 143)], ids=["SIGINT", "SIGTERM"])
def test_given_a_signal_when_waiting_then_it_says_how_to_go_on_and_the_next_run_does(
    cluster, vineyardctl, number, status
):
    cluster.image("store", "Pending")
    process = vineyardctl.start(*CLUSTER, "--vineyardd.image", "store:1")
    until(process, "Vineyardd vineyard-system/vineyardd-sample: 0/3 ready")

    run = interrupt(process, number)

    assert run.status == status
    assert run.error == (
        "error: interrupted (hint: anything that was applied stays; run the same command again to go on, "
        "or 'vineyardctl status' to see how far it is)"
    )
    made = versions(cluster.client)
    cluster.clear_images()
    again = vineyardctl(*CLUSTER, "--vineyardd.image", "store:1")
    assert again.lines[-1].endswith("is ready")
    assert made.keys() <= versions(cluster.client).keys()


def test_given_credentials_of_a_plugin_when_interrupted_then_it_ends_as_without(cluster, tmp_path):
    cluster.image("store", "Pending")
    cluster.token("from-plugin", "plugged", ("system:masters",))
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "from-plugin"}}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
    plugin.chmod(0o755)
    user = {"apiVersion": version, "command": str(plugin), "interactiveMode": "Never"}
    process = CommandLine(edited(cluster.kubeconfig, tmp_path / "config", exec=user), tmp_path).start(
        *CLUSTER, "--vineyardd.image", "store:1"
    )
    until(process, "Vineyardd vineyard-system/vineyardd-sample: 0/3 ready")
    eventually(lambda: cluster.struck("image store"), "the stores cannot start yet")

    run = interrupt(process)

    assert run.status == 130
    assert run.error.startswith("error: interrupted (hint: anything that was applied stays;")


def test_given_a_timeout_when_the_cause_is_gone_then_the_next_run_goes_on(cluster, vineyardctl):
    cluster.image("store", "ImagePullBackOff")
    vineyardctl(*CLUSTER, "--vineyardd.image", "store:1", "--timeout", "3s", status=3)
    cluster.clear_images()

    again = vineyardctl(*CLUSTER, "--vineyardd.image", "store:1")

    assert {line.rsplit(" ", 1)[1] for line in again.lines if line.startswith("✚")} == {"unchanged"}
    assert again.lines[-1].endswith("is ready")


def test_given_an_upgrade_when_waiting_then_old_pods_count_for_nothing(cluster, vineyardctl):
    vineyardctl("deploy", "vineyard-deployment", "--create-namespace", "--vineyardd.image", "store:1")
    cluster.image("store:2", "NotReady")

    run = vineyardctl(
        "deploy", "vineyard-deployment", "--vineyardd.image", "store:2", "--timeout", "1s", "--yes", status=3
    )

    assert "Deployment vineyard-system/vineyardd-sample is not ready after 1s" in run.error
    assert cluster.client.get(STORES).json["status"]["readyReplicas"] == 2, "one at a time, the others serve"


def test_given_a_deletion_under_way_when_deployed_then_its_end_is_waited_for(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.settings(pod_delay=0.3)
    vineyardctl("delete", "vineyard-cluster", "--wait=false")

    run = vineyardctl(*CLUSTER)

    assert run.lines[-1].endswith("is ready")
    assert cluster.client.get(f"/api/v1/namespaces/{SYSTEM}").json["status"]["phase"] == "Active"


def test_given_pods_that_get_ready_meanwhile_when_deployed_again_then_nothing_has_changed(cluster, vineyardctl):
    target = ("deploy", "vineyard-deployment", "--create-namespace")
    cluster.image("vineyardctl", "NotReady")
    vineyardctl(*target, "--wait=false")
    cluster.fault("delay", method="PATCH", path="/deployments/", seconds=2)
    process = vineyardctl.start(*target)
    until(process, "✚ PodDisruptionBudget")
    time.sleep(0.5)
    cluster.clear_images()

    story = process.communicate(timeout=60)[1]

    assert "✚ Deployment vineyard-system/vineyardd-sample unchanged\n" in story
