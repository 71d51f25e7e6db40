"""Webhooks that do not answer: somebody else's, and ours behind a network that drops what the API server sends."""

import json

from command_line import CommandLine
from deployments import APPS, CLUSTER, NAMESPACE, SYSTEM, VINEYARDDS, exists, make
from findings import findings, hint
from operated import HOOKS, MUTATING
from waiting import eventually

SILENCE = (
    'Internal error occurred: failed calling webhook "mvineyardd.kb.io": failed to call webhook: Post '
    '"https://vineyard-webhook-service.vineyard-system.svc:443/mutate?timeout=10s": context deadline exceeded'
)
NETWORK = (
    "(hint: the network between the API server and the operator's pods drops it: deploy with --webhook.port 10250 "
    "(which private clusters let through), --webhook.host-network or --webhook=off)"
)


def guard(api, failure_policy="Fail"):
    """A webhook of somebody else's for Services, whose pods are down."""
    make(api, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "policies"}})
    make(
        api,
        "/api/v1/namespaces/policies/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "guard"},
            "spec": {"selector": {"app": "guard"}, "ports": [{"port": 443}]},
        },
    )
    make(
        api,
        f"{HOOKS}/validatingwebhookconfigurations",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "guard"},
            "webhooks": [
                {
                    "name": "check.example.com",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": failure_policy,
                    "clientConfig": {
                        "service": {"namespace": "policies", "name": "guard", "path": "/check", "port": 443}
                    },
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE", "UPDATE"],
                            "resources": ["services"],
                        }
                    ],
                }
            ],
        },
    )


def test_given_somebody_else_s_webhook_is_down_then_it_is_named_after_a_few_tries(cluster, vineyardctl):
    guard(cluster.client)
    cluster.clear_requests()

    error = vineyardctl(*CLUSTER, status=1).error

    assert "the webhook 'check.example.com' (service policies/guard) does not answer: " in error
    assert "it is not one of Vineyard's" in error
    path = f"{SYSTEM}/services/vineyard-webhook-service"
    tries = [each for each in cluster.requests() if each["method"] == "PATCH" and each["path"] == path]
    assert 1 <= len(tries) <= 4


def test_given_ours_is_silent_then_deploy_says_that_it_is_the_network(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace")
    cluster.fault("status", method="PATCH", path=f"{VINEYARDDS}/", times=None, code=500, message=SILENCE)
    cluster.clear_requests()

    error = vineyardctl(*CLUSTER, status=1).error

    assert (
        "the webhook 'mvineyardd.kb.io' (service vineyard-system/vineyard-webhook-service) does not answer: " in error
    )
    assert error.endswith(NETWORK)
    tries = [
        each for each in cluster.requests() if each["path"].startswith(f"{VINEYARDDS}/") and each["method"] == "PATCH"
    ]
    assert len(tries) == 2


def test_given_ours_is_silent_then_check_and_status_find_it(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    assert ("✔", "the API server reaches the operator's webhook") in findings(
        vineyardctl("check", "-o", "json"), "Operator"
    )
    cluster.fault("status", method="POST", path=f"{VINEYARDDS}[?]", times=None, code=500, message=SILENCE)

    run = vineyardctl("check", "-o", "json", status=1)

    (text,) = [text for sign, text in findings(run, "Operator") if sign == "✗"]
    assert text.endswith("does not answer: context deadline exceeded")
    assert f"(hint: {hint(run, text)})" == NETWORK
    found = json.loads(vineyardctl("status", "-o", "json").output)
    assert any(NETWORK in warning for warning in found["warnings"])


def test_the_probe_keeps_nothing(cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    vineyardctl("status")
    vineyardctl("check")

    names = [item["metadata"]["name"] for item in cluster.client.get(VINEYARDDS).json["items"]]
    assert names == ["vineyardd-sample"]


def test_without_a_webhook_nothing_is_asked_and_what_was_there_goes(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    assert exists(cluster.client, MUTATING)

    run = vineyardctl(*CLUSTER, "--webhook=off")

    assert "the operator is deployed without a webhook" in run.story
    assert not exists(cluster.client, MUTATING)
    assert not exists(cluster.client, f"{SYSTEM}/services/vineyard-webhook-service")
    pod = cluster.client.get(f"{APPS}/deployments/vineyard-controller-manager").json["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == ["manager"]
    vineyardctl(*CLUSTER, "--webhook=on")
    assert exists(cluster.client, MUTATING)


def test_the_port_and_the_network_of_the_node_are_taken(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--webhook.port", "10250", "--webhook.host-network")

    pod = cluster.client.get(f"{APPS}/deployments/vineyard-controller-manager").json["spec"]["template"]["spec"]
    assert pod["hostNetwork"] is True
    ports = [port["containerPort"] for container in pod["containers"] for port in container["ports"]]
    assert 10250 in ports and len(set(ports)) == len(ports)
    service = cluster.client.get(f"{SYSTEM}/services/vineyard-webhook-service").json
    assert service["spec"]["ports"][0]["targetPort"] == 10250


def test_who_does_not_wait_is_not_kept_waiting(cluster, vineyardctl):
    """Nothing but the definitions must be there before the resource is applied; the webhooks come after it."""
    cluster.image("vineyardctl", "Pending")

    run = vineyardctl(*CLUSTER, "--wait=false")

    applied = [line.removeprefix("✚ ").split(" ")[0] for line in run.lines if line.startswith("✚ ")]
    assert applied.index("Vineyardd") < applied.index("MutatingWebhookConfiguration")
    assert exists(cluster.client, f"{VINEYARDDS}/vineyardd-sample")
    assert exists(cluster.client, MUTATING)
    assert run.lines[-1].endswith("'vineyardctl status --wait' waits until it is ready")


def test_given_no_operator_then_status_and_check_miss_it(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.client.delete(f"{APPS}/deployments/vineyard-controller-manager", propagationPolicy="Foreground")
    eventually(lambda: not exists(cluster.client, f"{APPS}/deployments/vineyard-controller-manager"), "it is gone")

    run = vineyardctl("status", status=3)

    text = f"there is no operator, and a resource relies on it: Vineyardd {NAMESPACE}/vineyardd-sample"
    assert text in run.error and text in run.output
    assert run.error.endswith("(hint: 'vineyardctl deploy operator' deploys it)")
    run = vineyardctl("check", "-o", "json", status=1)
    assert any(sign == "✗" and each.startswith(text) for sign, each in findings(run, "Components"))


def test_given_an_operator_that_is_scaled_to_none_then_status_says_it_and_fails(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.client.patch(f"{APPS}/deployments/vineyard-controller-manager", {"spec": {"replicas": 0}})

    def scaled():
        return json.loads(vineyardctl.run("status", "-o", "json").output)["components"][0]["desired"] == 0

    eventually(scaled, "it is scaled")
    run = vineyardctl("status", status=3)

    assert "scaled to 0; 'vineyardctl deploy operator' starts one" in run.error
    assert run.error.endswith("(hint: 'vineyardctl deploy operator' deploys it)")
    assert "'vineyardctl status' says why" not in run.output


def test_given_a_server_without_match_conditions_then_it_does_not_ask_about_pods(start_double, tmp_path):
    double = start_double("--kubernetes-version", "1.27", "--pod-delay", "0.01")
    vineyardctl = CommandLine(double.kubeconfig, tmp_path)

    vineyardctl("deploy", "operator", "--create-namespace")

    names = [
        each["metadata"]["name"] for each in double.client.get(f"{HOOKS}/mutatingwebhookconfigurations").json["items"]
    ]
    assert names == ["vineyard-mutating-webhook-configuration"]
    deployment = double.client.get(f"{APPS}/deployments/vineyard-controller-manager").json
    assert "--placement=off" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]
