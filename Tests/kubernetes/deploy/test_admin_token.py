"""Given a cluster, when it is deployed again and again, then its admin token stays, and only its driver may read it."""

import base64
import concurrent.futures

import pytest
import yaml

from deployments import APPS, CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE, SYSTEM, exists, make
from snapshot import everything
from waiting import eventually

SECRETS = f"{SYSTEM}/secrets"
TOKEN = f"{SECRETS}/vineyardd-sample-admin-token"
PLAIN = ("deploy", "vineyard-deployment")


def token(cluster, path=TOKEN):
    reply = cluster.client.get(path)
    assert reply.status == 200, reply.text
    return base64.b64decode(reply.json["data"]["token"]).decode()


def is_token(text):
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


@pytest.mark.parametrize("deploy", [CLUSTER, DEPLOYMENT], ids=["operator", "plain"])
def test_given_a_cluster_when_deployed_again_and_compared_then_the_token_stays(cluster, vineyardctl, deploy):
    vineyardctl(*deploy)
    first = cluster.client.get(TOKEN).json
    assert is_token(token(cluster))

    compared = vineyardctl("diff", *deploy[1:2], "--replicas", "1")
    vineyardctl(*deploy, "--vineyardd.size", "1Gi", "--yes")
    vineyardctl(*deploy, "--dry-run=server")

    assert compared.output == ""
    assert cluster.client.get(TOKEN).json == first


def test_given_a_second_deployment_when_told_then_the_token_is_unchanged(vineyardctl):
    assert f"✚ Secret {NAMESPACE}/vineyardd-sample-admin-token created" in vineyardctl(*DEPLOYMENT).lines

    again = vineyardctl(*DEPLOYMENT)

    assert {line.rsplit(" ", 1)[1] for line in again.lines if line.startswith("✚")} == {"unchanged"}


def test_given_no_token_when_compared_then_its_value_is_masked(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.client.delete(TOKEN)

    output = vineyardctl("diff", "vineyard-deployment", "--replicas", "1", status=1).output

    assert f"+++ planned Secret {NAMESPACE}/vineyardd-sample-admin-token\n" in output
    assert [line for line in output.splitlines() if "token: " in line] == ["+  token: '***'"]


def test_given_a_token_that_somebody_brought_when_deployed_and_deleted_then_it_is_used_and_kept(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    make(
        cluster.client,
        SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "vineyardd-sample-admin-token"},
            "stringData": {"token": "mine"},
        },
    )

    vineyardctl(*PLAIN, "--replicas", "1")
    vineyardctl("delete", "vineyard-deployment")

    assert token(cluster) == "mine"


@pytest.mark.parametrize("deploy, delete", [(CLUSTER, "vineyard-cluster"), (DEPLOYMENT, "vineyard-deployment")])
def test_given_a_cluster_when_deleted_then_its_token_goes(cluster, vineyardctl, deploy, delete):
    before = everything(cluster.client)
    vineyardctl(*deploy)

    vineyardctl("delete", delete)

    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_given_two_clusters_when_deployed_then_each_has_its_token_and_deleting_one_leaves_the_other(
    cluster, vineyardctl
):
    vineyardctl(*DEPLOYMENT)
    vineyardctl(*PLAIN, "--replicas", "1", "--name", "other")
    tokens = token(cluster), token(cluster, f"{SECRETS}/other-admin-token")
    assert tokens[0] != tokens[1]

    vineyardctl("delete", "vineyard-deployment", "--name", "other")

    assert not exists(cluster.client, f"{SECRETS}/other-admin-token")
    assert token(cluster) == tokens[0]


def test_given_two_deployments_at_once_when_done_then_the_token_is_one_that_was_made(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: vineyardctl.run(*PLAIN, "--replicas", "1"), range(4)))

    assert [run.status for run in runs] == [0] * 4, runs
    made = [run for run in runs if f"✚ Secret {NAMESPACE}/vineyardd-sample-admin-token created" in run.lines]
    assert len(made) == 1
    assert is_token(token(cluster))


@pytest.mark.double_only(reason="needs a request to be answered as somebody else would make it be")
def test_given_somebody_who_is_faster_when_deployed_then_his_token_counts(cluster, vineyardctl):
    make(cluster.client, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    make(
        cluster.client,
        SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "vineyardd-sample-admin-token"},
            "stringData": {"token": "his"},
        },
    )
    # He was there after it had been looked for.
    cluster.fault(kind="status", method="GET", path=f"{TOKEN}$", code=404, reason="NotFound", times=1)

    run = vineyardctl(*PLAIN, "--replicas", "1")

    assert f"✚ Secret {NAMESPACE}/vineyardd-sample-admin-token unchanged" in run.lines
    assert token(cluster) == "his"


def test_given_a_rendering_when_repeated_then_each_has_another_token(vineyardctl):
    tokens = set()
    for _ in range(2):
        output = vineyardctl(*PLAIN, "--dry-run=client").output
        data = [document["data"] for document in yaml.safe_load_all(output) if document["kind"] == "Secret"]
        tokens |= {base64.b64decode(each["token"]).decode() for each in data if "token" in each}
    assert len(tokens) == 2 and all(map(is_token, tokens))


def test_given_a_store_when_its_token_is_missing_then_it_runs_all_the_same(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.client.delete(TOKEN)
    pods = f"{SYSTEM}/pods"
    selector = "labelSelector=app.vineyard.io/role=vineyardd"
    old = cluster.client.get(f"{pods}?{selector}").json["items"]
    for pod in old:
        cluster.client.delete(f"{pods}/{pod['metadata']['name']}")

    def is_replaced():
        status = cluster.client.get(f"{APPS}/deployments/vineyardd-sample").json["status"]
        names = {pod["metadata"]["name"] for pod in cluster.client.get(f"{pods}?{selector}").json["items"]}
        return status.get("readyReplicas") == 1 and not names & {pod["metadata"]["name"] for pod in old}

    eventually(is_replaced, "a new pod is ready")


def reads(cluster, path, namespace=NAMESPACE):
    """The status with which the controller of the driver reads something."""
    account = f"system:serviceaccount:{namespace}:csidriver-sample-controller"
    headers = {"Impersonate-User": account}
    return cluster.client.send("GET", path, headers=headers).status


def test_given_a_driver_of_two_clusters_when_it_reads_secrets_then_only_their_tokens(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "vineyardd", "--name", "numbers", "--replicas", "1", "--create-namespace", "-n", "data")
    vineyardctl("deploy", "vineyardd", "--name", "letters", "--replicas", "1", "-n", "data")
    vineyardctl(*DRIVER[:2], "--clusters", f"{NAMESPACE}/vineyardd-sample,data/numbers")
    make(cluster.client, SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}})

    data = "/api/v1/namespaces/data/secrets"
    eventually(lambda: reads(cluster, f"{data}/numbers-admin-token") == 200, "the driver has its rights")
    assert reads(cluster, TOKEN) == 200
    for path in (
        f"{data}/letters-admin-token",
        f"{SECRETS}/mine",
        SECRETS,
        data,
        "/api/v1/secrets",
        f"{SECRETS}/vineyard-webhook-server-cert",
    ):
        assert reads(cluster, path) == 403, path
    assert reads(cluster, "/api/v1/pods") == 200


def test_given_a_driver_when_deployed_then_the_names_of_its_rights_are_these(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    before = everything(cluster.client)
    vineyardctl(*DRIVER)

    made = everything(cluster.client) - before
    expected = {"clusterroles /csidriver-sample-csi-controller", "clusterrolebindings /csidriver-sample-csi-controller"}
    for kind in ("roles", "rolebindings"):
        for name in ("csi-controller", "csi-admin-tokens"):
            expected.add(f"{kind} {NAMESPACE}/csidriver-sample-{name}")
    assert {name for name in made if "role" in name} == expected


def test_given_a_driver_before_its_cluster_when_that_comes_then_the_driver_may_read_its_token(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace")
    vineyardctl(*DRIVER[:2], "--clusters", "data/numbers")

    vineyardctl("deploy", "vineyardd", "--name", "numbers", "--replicas", "1", "--create-namespace", "-n", "data")

    path = "/api/v1/namespaces/data/secrets/numbers-admin-token"
    eventually(lambda: reads(cluster, path) == 200, "the driver has its right")


def test_given_a_driver_elsewhere_when_a_cluster_goes_then_its_namespace_goes_too(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "vineyardd", "--name", "numbers", "--replicas", "1", "--create-namespace", "-n", "data")
    vineyardctl(*DRIVER[:2], "--clusters", f"{NAMESPACE}/vineyardd-sample,data/numbers")
    assert exists(cluster.client, "/api/v1/namespaces/data")

    run = vineyardctl("delete", "vineyardd", "--name", "numbers", "-n", "data")

    assert not [line for line in run.lines if "is kept" in line]
    assert not exists(cluster.client, "/api/v1/namespaces/data")
