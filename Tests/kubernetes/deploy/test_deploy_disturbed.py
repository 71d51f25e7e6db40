"""Given a server or a network in trouble, when something is deployed, then it gets through all the same."""

import threading

import pytest

from waiting import eventually

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
READY = "✔ vineyard cluster vineyard-system/vineyardd-sample is ready"


@pytest.mark.parametrize(
    "kind, fault",
    [
        ("status", {"code": 429, "retry_after": 1, "times": 2}),
        ("status", {"code": 503, "times": 3}),
        ("status", {"code": 500, "message": "etcdserver: leader changed", "times": 3}),
        ("status", {"code": 504, "message": "etcdserver: request timed out", "times": 2}),
        ("reset", {"times": 3}),
        ("close", {"times": 3}),
        ("truncate", {"times": 2, "after_bytes": 20}),
        ("malformed", {"times": 2}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.get("code", "")),
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_given_a_passing_failure_when_deployed_then_it_is_tried_again(cluster, vineyardctl, kind, fault, method):
    cluster.fault(kind, method=method, path="/apis?/", **fault)

    assert vineyardctl(*CLUSTER).lines[-1] == READY


def test_given_a_refusal_for_good_when_deployed_then_it_is_not_tried_again(cluster, vineyardctl):
    cluster.fault("status", code=500, method="PATCH", path="/services/", message="disk on fire", times=None)

    run = vineyardctl(*CLUSTER, status=1)

    assert run.error.startswith("error: cannot apply Service vineyard-system/vineyard-")
    assert "disk on fire" in run.error
    tried = [r["path"] for r in cluster.requests() if r["method"] == "PATCH" and "/services/" in r["path"]]
    assert len(tried) == len(set(tried))


def test_given_a_slow_server_when_deployed_then_it_takes_its_time(cluster, vineyardctl):
    cluster.fault("delay", path="/apis?/", seconds=0.1, times=None)

    assert vineyardctl(*CLUSTER).lines[-1] == READY


@pytest.mark.parametrize("kind", ["drop-watch", "expire-watch"])
def test_given_watches_that_end_when_waiting_then_nobody_notices(cluster, vineyardctl, kind):
    cluster.settings(pod_delay=0.2)
    cluster.fault(kind, path=r"/(vineyardds|deployments|pods)\?", seconds=0.05, times=4)

    run = vineyardctl(*CLUSTER)

    assert run.lines[-1] == READY
    assert len(run.lines) == len(set(run.lines)), "no news is told twice"


@pytest.mark.double_only(reason="needs a server that forgets history")
def test_given_forgotten_history_when_waiting_then_nobody_notices(cluster, vineyardctl):
    cluster.settings(pod_delay=0.2)
    process = vineyardctl.start(*CLUSTER)
    over = threading.Event()

    def disturb():
        while not over.wait(0.1):
            cluster.compact()
            cluster.drop_watches()

    thread = threading.Thread(target=disturb)
    thread.start()
    _, story = process.communicate(timeout=60)
    over.set()
    thread.join()

    assert process.returncode == 0, story
    assert story.splitlines()[-1] == READY


def test_given_a_definition_that_is_established_late_when_deployed_then_it_is_waited_for(cluster, vineyardctl):
    cluster.settings(crd_delay=0.5)
    try:
        run = vineyardctl(*CLUSTER)
    finally:
        cluster.settings(crd_delay=0.02)

    assert "✔ CustomResourceDefinition vineyardds.k8s.v6d.io: established" in run.lines
    assert run.lines[-1] == READY


def test_given_a_webhook_that_cannot_be_called_yet_when_deployed_then_it_is_tried_again(cluster, vineyardctl):
    refusal = 'Internal error occurred: failed calling webhook "mvineyardd.kb.io": failed to call webhook: no endpoints'
    cluster.fault("status", code=500, method="PATCH", path="/vineyardds/", message=refusal, times=5)

    assert vineyardctl(*CLUSTER).lines[-1] == READY


def test_given_a_webhook_that_is_never_there_when_time_is_up_then_the_exit_status_is_3(cluster, vineyardctl):
    refusal = 'Internal error occurred: failed calling webhook "mvineyardd.kb.io": failed to call webhook: no endpoints'
    cluster.fault("status", code=500, method="PATCH", path="/vineyardds/", message=refusal, times=None)

    run = vineyardctl(*CLUSTER, "--timeout", "2s", status=3)

    assert run.error.startswith("error: cannot apply Vineyardd vineyard-system/vineyardd-sample within 2s: ")
    assert "mvineyardd.kb.io" in run.error


def test_given_an_operator_that_went_away_when_its_resource_is_applied_then_the_real_webhook_is_waited_for(
    cluster, vineyardctl
):
    vineyardctl("deploy", "operator", "--create-namespace")
    pods = "/api/v1/namespaces/vineyard-system/pods"
    cluster.settings(pod_delay=0.3)
    cluster.client.delete(pods)
    eventually(
        lambda: (
            not any(
                subset.get("addresses")
                for subset in cluster.client.get(
                    "/api/v1/namespaces/vineyard-system/endpoints/vineyard-webhook-service"
                ).json.get("subsets", ())
            )
        ),
        "the webhook has no endpoint",
    )

    assert vineyardctl("deploy", "vineyardd").lines[-1].endswith("is ready")
