"""Given the webhook container and the manager that keeps its certificate, then resources are admitted by our rules."""

import base64
import json
import ssl
import subprocess

import pytest

from apiserver.client import STRATEGIC
from deployments import NAMESPACE, SYSTEM, VINEYARDDS
from endpoints import post, probe, scrape, wait_until_ready
from managers import LEASE
from operated import DRIVERS, MUTATING, NAME, SECRET, cluster, driver, ready, refused
from waiting import eventually


@pytest.fixture
def manager(managers):
    return managers.start(certificates=True)


@pytest.fixture
def webhook(managers, manager):
    webhook = managers.start_webhook()
    wait_until_ready(manager)
    wait_until_ready(webhook)
    refused(managers.api)
    return webhook


def stored(managers):
    """The certificate in the Secret, in DER."""
    text = base64.b64decode(managers.api.get(SECRET).json["data"]["tls.crt"]).decode()
    return ssl.PEM_cert_to_DER_cert(text)


def presented(webhook):
    """The certificate that a new connection is shown, in DER."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", webhook.port("resources"))))


def test_given_no_certificate_when_probed_then_the_webhook_lives_and_is_not_ready(managers):
    webhook = managers.start_webhook()

    assert probe(webhook.port("health"), "/healthz") == (200, "ok\n")
    assert probe(webhook.port("health"), "/readyz") == (503, "webhook: there is no certificate yet\n")


def test_given_a_manager_that_is_ready_then_the_api_server_trusts_the_webhook(managers, webhook):
    managers.api.post(VINEYARDDS, cluster())

    ready(managers.api)

    assert managers.api.get(SECRET).json["type"] == "kubernetes.io/tls"
    secret, trusted = managers.api.get(SECRET).json["data"]["ca.crt"], managers.api.get(MUTATING).json["webhooks"]
    assert {hook["clientConfig"]["caBundle"] for hook in trusted} == {secret}


@pytest.mark.parametrize(
    "path, body, reason",
    [
        (VINEYARDDS, cluster(vineyard={"size": "-1"}), "invalid size '-1'"),
        (VINEYARDDS, cluster(vineyard={"memory": "1Mi", "size": "1Gi"}), "does not fit into memory"),
        pytest.param(
            VINEYARDDS,
            cluster(vineyard={"spill": {"name": "x"}}),
            "a spill name without a spill path",
            marks=pytest.mark.double_only(reason="the definition refuses it first"),
        ),
        (
            DRIVERS,
            driver("sample", "one", storageClassName=f"{NAMESPACE}.one.csi"),
            "it is made for its cluster anyway",
        ),
    ],
)
def test_given_a_resource_that_makes_no_sense_then_it_is_refused_with_the_reason(managers, webhook, path, body, reason):
    reply = managers.api.post(path, body)

    assert reply.status == 422
    assert "denied the request: " in reply.json["message"] and reason in reply.json["message"]
    assert managers.api.get(f"{path}/{body['metadata']['name']}").status == 404


def test_given_a_cluster_when_what_is_fixed_is_changed_then_it_is_refused(managers, webhook):
    managers.api.post(VINEYARDDS, cluster(etcdReplicas=3))

    for change, reason in (
        ({"etcdReplicas": 1}, "cannot be lowered"),
        ({"etcd": {"storage": {"size": "1Gi"}}}, "cannot be changed"),
    ):
        reply = managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": change})
        assert (reply.status, reason in reply.json["message"]) == (422, True)
    assert managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}}).status == 200


def test_given_a_webhook_that_is_dead_then_only_our_kinds_are_blocked(managers, webhook):
    webhook.kill()

    assert managers.api.post(VINEYARDDS, cluster()).status == 500
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "free"}}
    assert managers.api.post(f"{SYSTEM}/configmaps", body).status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"kind": "Pod"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1beta1"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": 7}}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": ""}}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "u"}}',
        b"\xff\xfe" * 100,
    ],
)
def test_given_what_is_no_review_then_it_is_refused_in_one_line_and_the_webhook_lives(webhook, body):
    for path in ("/validate-k8s-v6d-io-v1alpha1-vineyardd", "/mutate-k8s-v6d-io-v1alpha1-csidriver"):
        status, text = post(webhook, path, body)
        assert (status, text.count("\n")) == (400, 1), text
    assert probe(webhook.port("health"), "/readyz")[0] == 200


@pytest.mark.parametrize("spec", [None, [], 3, {"replicas": "many"}, {"unknown": 1}, {"vineyard": {"env": [3]}}])
def test_given_a_review_of_nonsense_then_it_is_denied_and_not_crashed_on(webhook, spec):
    request = {
        "uid": "u",
        "operation": "CREATE",
        "object": {
            "apiVersion": "k8s.v6d.io/v1alpha1",
            "kind": "Vineyardd",
            "metadata": {"name": "n", "namespace": "m"},
            "spec": spec,
        },
    }
    body = json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()

    for path in ("/validate-k8s-v6d-io-v1alpha1-vineyardd", "/mutate-k8s-v6d-io-v1alpha1-vineyardd"):
        status, text = post(webhook, path, body)
        response = json.loads(text)["response"]
        assert (status, response["uid"]) == (200, "u")
        if path.startswith("/validate") and spec is not None:
            assert response["allowed"] is False


def test_given_too_much_to_read_then_it_is_refused(webhook):
    status, _ = post(webhook, "/validate-k8s-v6d-io-v1alpha1-vineyardd", b" " * (9 << 20))

    assert status == 413


def test_given_certificates_that_live_short_then_they_are_renewed_and_nobody_notices(managers):
    manager = managers.start("manager-1", "--webhook-cert-lifetime=6s", certificates=True)
    webhook = managers.start_webhook()
    wait_until_ready(manager)
    wait_until_ready(webhook)
    first = stored(managers)

    for replicas in range(1, 60):
        body = cluster(f"c{replicas}", replicas=0)
        reply = managers.api.post(VINEYARDDS, body)
        assert reply.status == 201, reply.json["message"]
        if manager.log.count("certificate is renewed") >= 3:
            break
        eventually(lambda: manager.log.count("certificate is renewed") * 4 >= replicas - 4, "time passes")

    manager.says("certificate is renewed", times=3)
    assert webhook.process.poll() is None, "without a restart"
    # An API server may keep the connection that it has; whoever connects now gets the new one.
    eventually(lambda: presented(webhook) == stored(managers) != first, "the webhook presents what the Secret has")


def test_given_a_second_replica_then_it_serves_the_same_certificate(managers, webhook, tmp_path):
    other = tmp_path / "other"
    other.mkdir()

    second = managers.start("two", f"--webhook-cert-dir={other}", certificates=True)

    wait_until_ready(second)
    assert (other / "tls.crt").read_text() == (managers.certificates / "tls.crt").read_text()


@pytest.mark.parametrize("change", [{"data": {"tls.crt": "bm9uc2Vuc2U="}}, {"data": {"ca.crt": None}}])
def test_given_a_secret_that_somebody_spoils_then_there_is_a_new_certificate(managers, webhook, change):
    managers.api.patch(SECRET, change)

    def is_trusted():
        # The authority from before may still be trusted, for a replica that has not heard yet.
        bundle = base64.b64decode(managers.api.get(SECRET).json["data"].get("ca.crt", ""))
        trusted = (hook["clientConfig"].get("caBundle", "") for hook in managers.api.get(MUTATING).json["webhooks"])
        return bundle and all(base64.b64decode(each).startswith(bundle) for each in trusted)

    eventually(is_trusted, "all is whole again")
    eventually(lambda: managers.api.post(VINEYARDDS, cluster()).status == 201, "the webhook is called")


def test_given_a_configuration_that_loses_its_authority_then_it_gets_it_back(managers, webhook, deploys):
    hooks = [{"name": "mvineyardd.kb.io", "clientConfig": {"caBundle": None}}]
    managers.api.patch(MUTATING, {"webhooks": hooks}, STRATEGIC)

    eventually(
        lambda: all(h["clientConfig"].get("caBundle") for h in managers.api.get(MUTATING).json["webhooks"]),
        "it trusts again",
    )
    deploys("deploy", "operator")
    assert all(h["clientConfig"]["caBundle"] for h in managers.api.get(MUTATING).json["webhooks"])


def test_given_metrics_then_only_those_whom_the_api_server_allows_may_read_them(managers, manager):
    wait_until_ready(manager)
    tokens = {}
    for name in ("prometheus", "somebody"):
        assert managers.api.post(f"{SYSTEM}/serviceaccounts", {"metadata": {"name": name}}).status == 201
        tokens[name] = managers.token(name)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "scraper"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "vineyard-metrics-reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}],
    }
    assert managers.api.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding).status == 201

    assert scrape(manager)[0] == 401
    assert scrape(manager, "of-nobody")[0] == 401
    assert scrape(manager, tokens["somebody"]) == (
        403,
        f"system:serviceaccount:{NAMESPACE}:somebody may not get /metrics\n",
    )
    status, page = scrape(manager, tokens["prometheus"])
    assert status == 200
    assert "vineyard_operator_leader 1" in page
    assert 'vineyard_operator_queue_depth{controller="vineyardd"} 0' in page
    assert 'vineyard_operator_api_calls_total{verb="list",code="200"}' in page


def test_given_curl_with_the_authority_then_the_certificate_is_good(managers, manager):
    wait_until_ready(manager)
    authority = managers.directory / "authority.crt"
    authority.write_bytes(base64.b64decode(managers.api.get(SECRET).json["data"]["ca.crt"]))
    name = f"vineyard-controller-manager-metrics-service.{NAMESPACE}.svc"
    port = manager.port("metrics")

    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--cacert",
            str(authority),
            "--resolve",
            f"{name}:{port}:127.0.0.1",
            f"https://{name}:{port}/metrics",
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (done.returncode, done.stdout) == (0, "a bearer token of the cluster is needed\n"), done.stderr


def test_given_an_operator_that_is_deleted_then_its_lease_its_keys_and_the_namespace_go_too(managers, deploys):
    manager = managers.start(certificates=True)
    wait_until_ready(manager)
    assert managers.api.get(LEASE).status == managers.api.get(SECRET).status == 200
    assert manager.stop() == 0

    run = deploys("delete", "operator")

    assert not [line for line in run.lines if "is kept" in line]
    for path in (LEASE, SECRET, SYSTEM):
        assert managers.api.get(path).status == 404, path
