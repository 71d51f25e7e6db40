"""Given pods that don't get ready, when time is up, then the exit status is 3 and one line says why."""

import pytest

from deployments import APPS, exists
from waiting import eventually

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
STORES = (*CLUSTER, "--vineyardd.image", "store:1")
SYSTEM = "/api/v1/namespaces/vineyard-system"


def events(cluster):
    return [event["reason"] for event in cluster.client.get(f"{SYSTEM}/events").json.get("items", ())]


def time_is_up(cluster, vineyardctl, *arguments, after):
    """Wait in vain for pods that have met the event `after`."""
    vineyardctl(*arguments, "--wait=false")
    eventually(lambda: after in events(cluster), f"an event {after}")
    return vineyardctl(*arguments, "--timeout", "3s", status=3)


def last(run):
    """The last line, which must be the only error."""
    assert run.lines[-1] == run.error
    return run.error


def test_given_an_image_nobody_has_when_time_is_up_then_the_pod_the_container_and_the_image_are_named(
    cluster, vineyardctl
):
    cluster.image("store", "ImagePullBackOff")

    run = time_is_up(cluster, vineyardctl, *STORES, "--meta", "local", after="BackOff")

    error = last(run)
    assert error.startswith("error: Vineyardd vineyard-system/vineyardd-sample is not ready after 3s: 0/3 ready; ")
    assert 'container vineyardd: ImagePullBackOff: Back-off pulling image "store:1"' in error
    assert error.endswith(
        "(hint: bring the image where the nodes pull from, or name another with --image; "
        "then run the same command again to go on waiting)"
    )
    assert [line for line in run.lines if line.startswith("✗ event of vineyardd-sample-") and "not found" in line]


def test_given_an_operator_without_an_image_when_time_is_up_then_its_pod_is_named(cluster, vineyardctl):
    cluster.image("vineyardctl", "ErrImagePull")

    error = last(vineyardctl(*CLUSTER, "--timeout", "2s", status=3))

    assert "Deployment vineyard-system/vineyard-controller-manager is not ready after 2s: 0/1 ready" in error
    assert "container manager: ErrImagePull: " in error


def test_given_a_store_that_crashes_when_time_is_up_then_the_end_of_its_log_is_shown(cluster, vineyardctl):
    cluster.image("store", "CrashLoopBackOff", exitCode=7)
    cluster.log_text("vineyard-system", "vineyardd-sample", "one\ntwo\nthree\ncannot map 4Gi: out of memory\n")

    run = time_is_up(cluster, vineyardctl, *STORES, "--meta", "local", after="BackOff")

    assert "CrashLoopBackOff" in last(run)
    assert "ended with exit code 7 (Error)" in last(run)
    assert "kubectl logs -n vineyard-system vineyardd-sample-" in last(run)
    assert "-c vineyardd --previous' shows the whole log" in last(run)
    logs = [line.split(": ", 1)[1] for line in run.lines if line.startswith("✗ log of vineyardd-sample-")]
    assert logs[:3] == ["two", "three", "cannot map 4Gi: out of memory"]
    assert [line for line in run.lines if line.startswith("✗ event of vineyardd-sample-") and "BackOff" in line]


def test_given_a_store_that_never_answers_its_probe_when_time_is_up_then_it_says_so(cluster, vineyardctl):
    cluster.image("store", "NotReady")

    run = time_is_up(cluster, vineyardctl, *STORES, after="Unhealthy")

    assert "container vineyardd: runs but is not ready" in last(run)
    assert [line for line in run.lines if "Unhealthy: Readiness probe failed" in line]


@pytest.mark.parametrize(
    "flags, message, hint",
    [
        (("--vineyardd.memory", "100Gi", "--yes"), "Insufficient memory", "--vineyardd.memory"),
        (("--vineyardd.cpu", "50"), "Insufficient cpu", "--vineyardd.cpu"),
        (("--replicas", "5"), "didn't match pod anti-affinity rules", "fewer with --replicas"),
    ],
)
def test_given_no_room_when_time_is_up_then_the_scheduler_is_quoted(cluster, vineyardctl, flags, message, hint):
    run = time_is_up(cluster, vineyardctl, *CLUSTER, *flags, after="FailedScheduling")

    assert "not scheduled: 0/3 nodes are available" in last(run)
    assert message in last(run)
    assert hint in last(run).rsplit("(hint: ", 1)[1]
    assert [line for line in run.lines if line.startswith("✗ event of ") and "FailedScheduling" in line]


@pytest.mark.parametrize(
    "action, more, message, why",
    [
        ("cordon", {}, "were unschedulable", "cordoned"),
        ("ready", {"ready": False}, "untolerated taint", "not ready"),
        ("taint", {"key": "maintenance"}, "untolerated taint", "tainted maintenance"),
    ],
)
def test_given_no_usable_node_when_time_is_up_then_the_story_tells_it_from_the_start(
    cluster, vineyardctl, action, more, message, why
):
    for number in (1, 2, 3):
        cluster.node(f"node-{number}", action, **more)

    run = vineyardctl(*CLUSTER, "--timeout", "2s", status=3)

    assert f"► 1 replica: 0 of 3 nodes can take a pod (node-1: {why}, node-2: {why}, node-3: {why})" in run.lines[0]
    assert message in last(run)
    assert "uncordon or repair nodes, or remove their taints" in last(run)


def test_given_a_right_lost_meanwhile_when_time_is_up_then_that_is_the_reason(cluster, vineyardctl):
    cluster.image("store", "Pending")
    vineyardctl(*STORES, "--wait=false")
    process = vineyardctl.start(*STORES, "--timeout", "2s")
    for line in process.stderr:
        if "◎ Vineyardd" in line:
            break
    only_the_object = "/vineyardds/vineyardd-sample$"
    cluster.fault("status", code=403, method="GET", path=only_the_object, times=None, message="not any more")

    _, story = process.communicate(timeout=60)

    assert process.returncode == 3
    assert "its state cannot be read: cannot get Vineyardd vineyard-system/vineyardd-sample: not any more" in story
    assert story.count("(hint: ") == 1, "the cause has no hint of its own"


ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def without_webhooks(cluster):
    """The API server takes resources although no operator answers."""
    for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
        for item in cluster.client.get(f"{ADMISSION}/{kind}").json["items"]:
            cluster.client.delete(f"{ADMISSION}/{kind}/{item['metadata']['name']}")


def test_given_no_operator_when_time_is_up_then_it_says_what_it_waited_for_and_what_to_run(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    without_webhooks(cluster)
    manager = f"{APPS}/deployments/vineyard-controller-manager"
    cluster.client.delete(manager, propagationPolicy="Foreground")
    eventually(lambda: not exists(cluster.client, manager), "the operator is gone")

    run = vineyardctl("deploy", "vineyardd", "--name", "second", "--timeout", "2s", status=3)

    assert last(run) == (
        "error: Vineyardd vineyard-system/second is not ready after 2s: waiting for the operator, and none is deployed "
        "(hint: 'vineyardctl deploy operator --create-namespace' deploys it; "
        "then run the same command again to go on waiting)"
    )


def test_given_an_operator_without_pods_when_time_is_up_then_its_deployment_is_named(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    without_webhooks(cluster)
    manager = f"{APPS}/deployments/vineyard-controller-manager"
    cluster.image("broken", "ErrImagePull")
    cluster.client.patch(manager, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    image = {"spec": {"template": {"spec": {"containers": [{"name": "manager", "image": "broken:1"}]}}}}
    cluster.client.patch(manager, image, kind="application/strategic-merge-patch+json")
    eventually(lambda: not cluster.client.get(manager).json["status"].get("readyReplicas"), "no operator is left")

    run = vineyardctl("deploy", "vineyardd", "--name", "second", "--timeout", "2s", status=3)

    assert (
        "waiting for the operator, and Deployment vineyard-system/vineyard-controller-manager is not ready: 0/1 ready"
        in last(run)
    )
    assert "(hint: 'vineyardctl status -n vineyard-system' tells what it lacks; then " in last(run)
