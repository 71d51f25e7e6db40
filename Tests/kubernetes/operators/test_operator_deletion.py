"""What the operator does so that nothing is lost by accident: guarding deletions, and choosing which stores go."""

import pytest

from deployments import APPS, NAMESPACE, SYSTEM, VINEYARDDS
from endpoints import post, wait_until_ready
from operated import HOOKS, NAME, SECRET, cluster, driver, gone, ready, running
from stores import METRICS_PORT, Stores
from waiting import eventually

PATH = f"{VINEYARDDS}/{NAME}"
CONFIGURATION = f"{HOOKS}/validatingwebhookconfigurations/vineyard-deletion-webhook-configuration"
DRIVERS = "/apis/k8s.v6d.io/v1alpha1/csidrivers"
CLAIMS = f"{SYSTEM}/persistentvolumeclaims"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": f"{NAMESPACE}.{NAME}.csi",
    },
}


@pytest.fixture
def guarded(managers):
    """A cluster with a driver, and a manager that the API server asks about deletions."""
    manager = managers.start(certificates=True)
    wait_until_ready(manager)
    managers.guard_deletions(manager)
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)
    return managers


@pytest.fixture
def used(guarded):
    """The same with a bound claim."""
    api = guarded.api
    api.post(DRIVERS, driver("sample", NAME, volumeBindingMode="Immediate"))
    running(api, "sample")
    assert api.post(CLAIMS, CLAIM).status == 201
    eventually(lambda: api.get(f"{CLAIMS}/data").json["status"].get("phase") == "Bound", "the claim is bound")
    return guarded


def test_the_api_server_trusts_the_manager_that_guards_deletions(guarded):
    secret = guarded.api.get(SECRET).json["data"]["ca.crt"]

    (hook,) = guarded.api.get(CONFIGURATION).json["webhooks"]

    assert hook["clientConfig"]["caBundle"] == secret
    assert (hook["failurePolicy"], hook["rules"][0]["operations"]) == ("Ignore", ["DELETE"])


def test_a_cluster_without_claims_may_go(guarded):
    assert guarded.api.delete(PATH).status == 200


def test_a_cluster_whose_claims_are_in_use_may_not_go(used):
    reply = used.api.delete(PATH)

    assert reply.status == 403
    assert reply.json["message"] == (
        'admission webhook "dvineyardd.kb.io" denied the request: '
        f"vineyardd {NAMESPACE}/{NAME} is in use: claim {NAMESPACE}/data (hint: delete these first, or allow it: "
        f"kubectl annotate vineyardd -n {NAMESPACE} {NAME} k8s.v6d.io/allow-deletion=true)"
    )


def test_a_cluster_that_is_annotated_may_go(used):
    assert used.api.patch(PATH, {"metadata": {"annotations": {"k8s.v6d.io/allow-deletion": "true"}}}).status == 200

    assert used.api.delete(PATH).status == 200


def test_a_cluster_goes_with_its_namespace(used):
    assert used.api.delete(SYSTEM).status == 200

    gone(used.api, SYSTEM)


def test_a_manager_that_is_away_keeps_nobody_from_deleting(used):
    used.end()

    assert used.api.delete(PATH).status == 200


def test_our_own_deletion_with_force_is_not_refused(used, deploys):
    ours = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "vineyardctl"}}}
    assert used.api.patch(PATH, ours).status == 200

    deploys("delete", "vineyardd", "--force")

    gone(used.api, PATH)


def test_stores_whose_memory_nobody_declared_are_not_said_to_go_when_deployed_again(managers, deploys):
    managers.start()
    deploys("deploy", "vineyard-cluster", "--replicas", "1")
    assert (
        "limits"
        in managers.api.get(f"{APPS}/deployments/{NAME}").json["spec"]["template"]["spec"]["containers"][0]["resources"]
    )

    run = deploys("deploy", "vineyard-cluster")

    assert not [line for line in run.lines if "the stores of" in line]
    declared = deploys("diff", "vineyard-cluster", "--vineyardd.memory", "1Gi", status=1)
    assert [line for line in declared.lines if line.startswith("⚠ the stores of")]


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'{"kind": "AdmissionReview", "apiVersion": "v1"}'])
def test_what_is_no_review_is_refused_in_one_line(managers, body):
    manager = managers.start(certificates=True)
    wait_until_ready(manager)

    status, text = post(manager, "/validate-deletion-k8s-v6d-io-v1alpha1-vineyardd", body, what="metrics")

    assert (status, text.count("\n")) == (400, 1)


@pytest.mark.double_only(reason="needs pods at addresses of this machine")
def test_scaling_down_takes_the_store_that_holds_nothing(managers):
    api, stores = managers.api, Stores()
    managers.double.settings(pod_network="127.77")
    try:
        managers.start()
        api.post(VINEYARDDS, cluster(replicas=3))
        ready(api)
        pods = {
            pod["metadata"]["name"]: pod["status"]["podIP"]
            for pod in api.get(f"{SYSTEM}/pods").json["items"]
            if pod["metadata"]["labels"].get("app.vineyard.io/role") == "vineyardd"
        }
        names = sorted(pods)
        for name, used in zip(names, (6 << 20, 0, 2 << 20)):
            stores.start(used, pods[name], METRICS_PORT)

        api.patch(PATH, {"spec": {"replicas": 2}})

        assert ready(api)["current"] == 2
        eventually(lambda: api.get(f"{SYSTEM}/pods/{names[1]}").status == 404, "the empty one goes")
        costs = {
            name: api.get(f"{SYSTEM}/pods/{name}").json["metadata"]["annotations"][
                "controller.kubernetes.io/pod-deletion-cost"
            ]
            for name in (names[0], names[2])
        }
        assert costs == {names[0]: "6", names[2]: "2"}
    finally:
        stores.stop()
        managers.double.settings(pod_network="10.244")
