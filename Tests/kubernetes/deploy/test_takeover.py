"""Given what the original vineyardctl deployed, when ours deploys, then it takes all of it over."""

import pytest

import original
from snapshot import everything

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace", "--yes")
PLAIN = ("deploy", "vineyard-deployment", "--yes")
APPS = "/apis/apps/v1/namespaces/vineyard-system"
HOOKS = "/apis/admissionregistration.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

pytestmark = pytest.mark.skipif(
    not original.program().exists(), reason="the package brings no program for this machine"
)


@pytest.fixture
def theirs(cluster):
    return original.Original(cluster)


@pytest.fixture
def their_cluster(cluster, theirs):
    theirs.deploy_cluster()
    return cluster.client


@pytest.fixture
def their_workloads(cluster, theirs):
    theirs.deploy_plain()
    return cluster.client


def entries(api, kind):
    path = f"{HOOKS}/{kind}webhookconfigurations/vineyard-{kind}-webhook-configuration"
    return {webhook["name"] for webhook in api.get(path).json["webhooks"]}


def test_given_their_cluster_when_deployed_then_it_is_ours_and_ready(their_cluster, vineyardctl):
    uid = their_cluster.get(f"{APPS}/deployments/vineyard-controller-manager").json["metadata"]["uid"]

    run = vineyardctl(*CLUSTER)

    assert run.lines[-1].endswith("is ready")
    manager = their_cluster.get(f"{APPS}/deployments/vineyard-controller-manager").json
    assert manager["metadata"]["uid"] == uid
    assert [c["name"] for c in manager["spec"]["template"]["spec"]["containers"]] == ["manager", "webhook"]
    resource = their_cluster.get("/apis/k8s.v6d.io/v1alpha1/namespaces/vineyard-system/vineyardds/vineyardd-sample")
    assert resource.json["spec"]["vineyard"]["image"].startswith("localhost/vineyardctl:")
    for subject in (
        "Deployment vineyard-system/vineyard-controller-manager",
        "CustomResourceDefinition vineyardds.k8s.v6d.io",
        "MutatingWebhookConfiguration vineyard-mutating-webhook-configuration",
        "Vineyardd vineyard-system/vineyardd-sample",
    ):
        assert f"► {subject}: taking over from the original vineyardctl" in run.lines


def test_given_their_webhooks_when_deployed_then_those_of_other_kinds_block_nobody(their_cluster, vineyardctl):
    assert {"mpod.kb.io", "mlocalobject.kb.io"} < entries(their_cluster, "mutating")

    vineyardctl(*CLUSTER)

    assert entries(their_cluster, "mutating") == {"mvineyardd.kb.io", "mcsidriver.kb.io"}
    assert entries(their_cluster, "validating") == {"vvineyardd.kb.io", "vcsidriver.kb.io"}


def test_given_their_definitions_when_deployed_then_nothing_is_converted_by_a_webhook_that_is_not_there(
    their_cluster, vineyardctl
):
    vineyardctl(*CLUSTER)

    for name in ("vineyardds", "csidrivers"):
        definition = their_cluster.get(f"{DEFINITIONS}/{name}.k8s.v6d.io").json
        assert definition["spec"]["conversion"] == {"strategy": "None"}
    assert their_cluster.get(f"{DEFINITIONS}/localobjects.k8s.v6d.io").status == 200, "its objects are the users'"


def test_given_their_roles_when_deployed_then_those_nobody_needs_are_gone(their_cluster, vineyardctl):
    run = vineyardctl(*CLUSTER)

    left = {item["metadata"]["name"] for item in their_cluster.get(f"{RBAC}/clusterrolebindings").json["items"]}
    assert {name for name in left if name.startswith("vineyard-")} == {"vineyard-manager-rolebinding"}
    left = {item["metadata"]["name"] for item in their_cluster.get(f"{RBAC}/clusterroles").json["items"]}
    assert {name for name in left if name.startswith("vineyard-")} == {
        "vineyard-manager-role",
        "vineyard-metrics-reader",
        "vineyard-view",
        "vineyard-edit",
        "vineyard-admin",
    }
    binding = their_cluster.get(f"{RBAC}/clusterrolebindings/vineyard-manager-rolebinding").json
    assert [subject["name"] for subject in binding["subjects"]] == ["vineyard-manager"]
    assert (
        "► ClusterRoleBinding vineyard-scheduler-rolebinding of the original removed: the operator needs it no more"
        in run.lines
    )


def test_given_a_takeover_when_deployed_again_then_nothing_is_left_to_do(their_cluster, vineyardctl):
    vineyardctl(*CLUSTER)

    assert vineyardctl("diff", "vineyard-cluster").output == ""
    again = vineyardctl(*CLUSTER)

    assert "original" not in again.story
    assert {line.rsplit(" ", 1)[1] for line in again.lines if line.startswith("✚")} == {"unchanged"}


def test_given_their_cluster_when_only_looked_at_then_the_takeover_is_foretold(cluster, their_cluster, vineyardctl):
    before = everything(their_cluster)

    checked = vineyardctl(*CLUSTER, "--dry-run=server")
    compared = vineyardctl("diff", "vineyard-cluster", status=1)

    assert everything(their_cluster) == before
    assert "ClusterRole vineyard-proxy-role of the original would be removed" in checked.story
    assert "+++ planned Deployment vineyard-system/vineyard-controller-manager\n" in compared.output


def test_given_a_takeover_that_was_cut_short_when_deployed_again_then_it_goes_on(cluster, their_cluster, vineyardctl):
    cluster.fault("status", code=403, method="PATCH", path="/deployments/", message="not now")
    assert "not now" in vineyardctl(*CLUSTER, status=1).error

    vineyardctl(*CLUSTER)

    assert vineyardctl("diff", "vineyard-cluster").output == ""


def test_given_their_workloads_when_deployed_then_they_become_ours_where_they_are(their_workloads, vineyardctl):
    uid = their_workloads.get(f"{APPS}/deployments/vineyardd-sample").json["metadata"]["uid"]

    run = vineyardctl(*PLAIN)

    stores = their_workloads.get(f"{APPS}/deployments/vineyardd-sample").json
    assert stores["metadata"]["uid"] == uid, "stores are replaced one by one, not all at once"
    (store,) = stores["spec"]["template"]["spec"]["containers"]
    assert store["image"].startswith("localhost/vineyardctl:")
    assert run.lines[-1].endswith("is ready")
    assert vineyardctl("diff", "vineyard-deployment").output == ""


def test_given_their_workloads_when_nobody_agrees_then_the_loss_is_told_and_nothing_changes(
    their_workloads, vineyardctl
):
    before = everything(their_workloads)

    run = vineyardctl("deploy", "vineyard-deployment", status=1)

    assert "the stores of vineyard-system/vineyardd-sample are replaced one by one" in run.error
    assert everything(their_workloads) == before


def test_given_their_etcd_when_deployed_then_its_pods_and_services_make_room(their_workloads, vineyardctl):
    run = vineyardctl(*PLAIN)

    left = everything(their_workloads)
    assert not [name for name in left if name.startswith("services ") and "-etcd-0" in name]
    pods = [name for name in left if name.startswith("pods ") and "-etcd-" in name]
    assert pods == ["pods vineyard-system/vineyardd-sample-etcd-0"], "one member, of the StatefulSet"
    for member in range(3):
        for kind in ("Pod", "Service"):
            reference = f"{kind} vineyard-system/vineyardd-sample-etcd-{member}"
            assert f"► {reference} of the original removed: a StatefulSet runs etcd from now on" in run.lines


def test_given_the_etcd_of_another_cluster_when_deployed_then_it_stays(their_workloads, vineyardctl):
    vineyardctl(*PLAIN, "--name", "vineyardd", "--replicas", "1", "--wait=false")

    assert their_workloads.get("/api/v1/namespaces/vineyard-system/pods/vineyardd-sample-etcd-2").status == 200


def test_given_their_pods_ignore_the_end_when_time_is_up_then_it_says_which(cluster, their_workloads, vineyardctl):
    pod = "/api/v1/namespaces/vineyard-system/pods/vineyardd-sample-etcd-0"
    their_workloads.patch(pod, {"metadata": {"finalizers": ["example.com/held"]}})

    run = vineyardctl(*PLAIN, "--timeout", "1s", status=3)

    assert run.error.startswith(
        "error: Pod vineyard-system/vineyardd-sample-etcd-0 is still being deleted after 1s (hint: "
    )
