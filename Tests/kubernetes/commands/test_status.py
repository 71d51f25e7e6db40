"""`status`: what is printed and how it ends."""

import json

import yaml

import golden
from command_line import interrupt
from deployments import CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, SYSTEM
from waiting import eventually

TABLE = {
    "id": r"[a-z0-9]{9,10}-[a-z0-9]{5}(?=[ :])|(?<=csi-nodes-)[a-z0-9]{5}(?= )",
    "version": r"\b0\.\d+\.\d+\b",
    "node": r"node-\d",
}
PULL = "ImagePullBackOff"


def table(run):
    """The output without the widths of columns, which depend on random names."""
    return "\n".join(" ".join(line.split()) for line in run.output.splitlines()) + "\n"


def test_the_table_shows_components_and_pods(vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    run = vineyardctl("status")

    golden.matches("status.txt", table(run), **TABLE)
    assert run.story == ""


def test_columns_stand_below_their_headings(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    lines = vineyardctl("status").output.splitlines()

    for heading in (0, lines.index("") + 1):
        column = lines[heading].index("READY")
        assert lines[heading + 1][column - 1 : column + 1].startswith(" ")
        assert lines[heading + 1][column].isdigit()


def test_the_ready_column_is_the_tutorial_s(vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    pods = json.loads(vineyardctl("status", "-o", "json").output)["pods"]

    by_prefix = {
        prefix: {pod["ready"] for pod in pods if pod["name"].startswith(prefix)}
        for prefix in ("vineyard-controller-manager-", "csidriver-sample-csi-driver-", "csidriver-sample-csi-nodes-")
    }
    assert list(by_prefix.values()) == [{"2/2"}, {"4/4"}, {"3/3"}]


def test_json_and_yaml_say_the_same(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    found = json.loads(vineyardctl("status", "-o", "json").output)

    assert found == yaml.safe_load(vineyardctl("status", "-o", "yaml").output)
    assert set(found) == {"namespace", "isReady", "components", "pods", "warnings", "missing", "notShown"}
    assert found["namespace"] == NAMESPACE and found["isReady"] is True and found["warnings"] == []
    store = next(component for component in found["components"] if component["role"] == "store")
    assert {key: store[key] for key in ("kind", "name", "desired", "ready", "updated", "isReady")} == {
        "kind": "Deployment",
        "name": "vineyardd-sample",
        "desired": 1,
        "ready": 1,
        "updated": 1,
        "isReady": True,
    }


def test_the_version_is_the_tag_of_the_image_that_runs(vineyardctl):
    vineyardctl(*DEPLOYMENT, "--image", "example.com/team/vineyardctl:1.2.3-rc1")

    found = json.loads(vineyardctl("status", "-o", "json").output)

    assert [component["version"] for component in found["components"] if component["role"] == "store"] == ["1.2.3-rc1"]


def test_nothing_there_ends_with_4(vineyardctl):
    run = vineyardctl("status", status=4)

    hint = "'vineyardctl deploy vineyard-cluster' deploys a cluster, -n names another namespace"
    assert run.story == f"error: nothing is deployed in the namespace '{NAMESPACE}' (hint: {hint})\n"
    assert run.output == ""


def break_stores(cluster, vineyardctl):
    """A deployment whose stores cannot get their image."""
    cluster.image("example.com/missing", PULL)
    vineyardctl(*DEPLOYMENT, "--meta", "local", "--vineyardd.image", "example.com/missing:1", "--wait=false")
    eventually(
        lambda: PULL in cluster.client.get(f"{SYSTEM}/pods", labelSelector="app.vineyard.io/role=vineyardd").text,
        "the store waits for its image",
    )


def test_what_is_not_ready_ends_with_3_and_the_kubelet_s_own_words(cluster, vineyardctl):
    break_stores(cluster, vineyardctl)

    run = vineyardctl("status", status=3)

    message = 'Back-off pulling image "example.com/missing:1"'
    line = next(line for line in run.output.splitlines() if line.startswith("⚠ "))
    assert line.startswith("⚠ vineyardd-sample-") and f": container vineyardd: {PULL}: {message}" in line
    assert f"0/1 {PULL} 0" in table(run)
    store = f"Deployment {NAMESPACE}/vineyardd-sample: 0/1 ready"
    assert run.error == f"error: not everything is ready: {store} (hint: 'vineyardctl status --wait' waits for it)"


def test_warnings_are_in_the_data_too(cluster, vineyardctl):
    break_stores(cluster, vineyardctl)

    found = json.loads(vineyardctl("status", "-o", "json", status=3).output)

    assert found["isReady"] is False
    assert [warning for warning in found["warnings"] if PULL in warning]


def test_waiting_ends_when_everything_is_ready(cluster, vineyardctl):
    break_stores(cluster, vineyardctl)
    waiting = vineyardctl.start("status", "--wait")
    eventually(cluster.open_watches, "it watches")
    cluster.clear_images()

    output, story = waiting.communicate(timeout=60)

    assert waiting.returncode == 0, story
    assert f"✔ Deployment {NAMESPACE}/vineyardd-sample: 1/1 ready" in story.splitlines()
    assert "Running" in output


def test_waiting_in_vain_ends_with_3_and_the_reason(cluster, vineyardctl):
    break_stores(cluster, vineyardctl)

    run = vineyardctl("status", "--wait", "--timeout", "2s", status=3)

    assert run.error.startswith(f"error: Deployment {NAMESPACE}/vineyardd-sample is not ready after 2s: 0/1 ready; ")
    assert PULL in run.error
    assert [line for line in run.lines if line.startswith("⚠ vineyardd-sample-")]


def test_waiting_can_be_interrupted(cluster, vineyardctl):
    break_stores(cluster, vineyardctl)
    waiting = vineyardctl.start("status", "--wait")
    eventually(cluster.open_watches, "it watches")

    run = interrupt(waiting)

    assert run.status == 130
    assert run.error == ("error: interrupted (hint: the deployment goes on; run the same command again to wait for it)")


def test_a_pod_that_finds_no_node_says_so(cluster, vineyardctl):
    for index in (1, 2, 3):
        cluster.node(f"node-{index}", "cordon")
    vineyardctl(*DEPLOYMENT, "--wait=false")
    pods = f"{SYSTEM}/pods"
    eventually(lambda: "Unschedulable" in cluster.client.get(pods).text, "the scheduler has looked")

    run = vineyardctl("status", status=3)

    assert "not scheduled: 0/3 nodes are available" in run.output


def test_a_driver_in_the_namespace_of_the_operator_is_shown_there(vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    roles = [c["role"] for c in json.loads(vineyardctl("status", "-o", "json").output)["components"]]

    assert roles == ["operator", "store", "metadata", "csi controller", "csi nodes"]
