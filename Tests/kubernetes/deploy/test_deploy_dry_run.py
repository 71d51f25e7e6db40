"""Given --dry-run, when a target is deployed, then it is shown or checked, and nothing changes."""

import json

import kubernetes_validate
import pytest
import yaml

from command_line import CommandLine
from snapshot import everything, versions

TARGETS = {
    "vineyard-cluster": (),
    "operator": (),
    "vineyardd": (),
    "vineyard-deployment": (),
    "csidriver": ("--clusters", "vineyard-system/vineyardd-sample"),
}
CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
every_target = pytest.mark.parametrize("target", TARGETS)


@pytest.fixture
def offline(tmp_path):
    """The program where no cluster is known."""
    return CommandLine(None, tmp_path)


def rendered(offline, target, *flags, form="yaml"):
    return offline("deploy", target, *TARGETS[target], *flags, "--dry-run=client", "-o", form).output


@every_target
@pytest.mark.parametrize("kubeconfig", [None, "/nowhere", "unreachable"])
def test_given_no_cluster_when_rendered_then_it_needs_none(offline, tmp_path, target, kubeconfig):
    if kubeconfig == "unreachable":
        kubeconfig = str(tmp_path / "kubeconfig")
        cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        (tmp_path / "kubeconfig").write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [cluster],
                    "contexts": [context],
                    "users": [{"name": "u", "user": {}}],
                    "current-context": "c",
                }
            )
        )
    flags = ("--kubeconfig", kubeconfig) if kubeconfig else ()

    assert rendered(offline, target, *flags)


@every_target
def test_given_each_form_when_rendered_then_it_tells_of_the_same_objects(offline, target):
    documents = list(yaml.safe_load_all(rendered(offline, target)))
    items = json.loads(rendered(offline, target, form="json"))["items"]
    names = rendered(offline, target, form="name").splitlines()
    for secret in [obj for obj in documents + items if obj["kind"] == "Secret"]:
        assert secret.pop("data"), "each rendering has another token, and other certificates"

    assert items == documents
    assert [name.rsplit("/", 1)[1] for name in names] == [document["metadata"]["name"] for document in documents]
    assert not [document for document in documents if "managedFields" in document["metadata"]]


@every_target
@pytest.mark.parametrize("version", ["1.25", "1.31", "1.34"])
def test_given_the_published_schemas_when_rendered_then_built_in_kinds_follow_them(offline, target, version):
    # Without a server, the operator is rendered for those of today.
    has_operator = target in ("operator", "vineyard-cluster")
    options = ["--placement=off"] if has_operator and version < "1.28" else []
    for document in yaml.safe_load_all(rendered(offline, target, "--create-namespace", *options)):
        if not document["apiVersion"].startswith("k8s.v6d.io/"):
            kubernetes_validate.validate(document, version, strict=True)


def test_given_rendered_yaml_when_kubectl_applies_it_twice_then_the_cluster_has_it(offline, cluster, kubectl_of):
    kubectl = kubectl_of(cluster)
    operator = rendered(offline, "operator", "--create-namespace")
    # A cluster of the operator's and a plain one cannot have the same name.
    plain = rendered(offline, "vineyard-deployment", "--name", "plain")
    rest = "---\n".join([rendered(offline, "vineyardd"), plain, rendered(offline, "csidriver")])
    kubectl("apply", "-f", "-", stdin=operator)
    kubectl("wait", "--for=condition=Available", "-n", "vineyard-system", "deployment/vineyard-controller-manager")
    for _ in range(2):
        kubectl("apply", "-f", "-", stdin=rest)

    assert "customresourcedefinition" in kubectl("apply", "-f", "-", stdin=operator)
    made = {"statefulsets vineyard-system/plain-etcd", "deployments vineyard-system/plain"}
    assert made <= everything(cluster.client)


def test_given_definitions_and_resources_in_one_when_kubectl_applies_them_then_two_runs_do(
    offline, cluster, kubectl_of
):
    kubectl = kubectl_of(cluster)
    run = offline(*CLUSTER, "--dry-run=client")
    assert "► 'kubectl apply' takes two runs: the first only defines what a Vineyardd is" in run.lines

    assert "ensure CRDs are installed first" in kubectl("apply", "-f", "-", stdin=run.output, fails=True)
    kubectl("wait", "--for=condition=Available", "-n", "vineyard-system", "deployment/vineyard-controller-manager")

    assert "vineyardd.k8s.v6d.io/vineyardd-sample created" in kubectl("apply", "-f", "-", stdin=run.output)


def test_given_an_empty_cluster_when_the_server_checks_then_it_stays_empty(cluster, vineyardctl):
    before = everything(cluster.client)

    run = vineyardctl(*CLUSTER, "--dry-run=server")

    assert everything(cluster.client) == before
    assert "✚ CustomResourceDefinition vineyardds.k8s.v6d.io created (dry run)" in run.lines
    assert run.lines[-1].endswith("passed the checks of the server; nothing was changed")


def test_given_a_deployment_when_the_server_checks_another_then_it_says_what_would_change(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    before = versions(cluster.client)

    run = vineyardctl(*CLUSTER, "--image", "example.com/vineyardctl:2", "--dry-run=server")

    assert versions(cluster.client) == before
    assert "✚ Deployment vineyard-system/vineyard-controller-manager configured (dry run)" in run.lines
    assert "✚ Service vineyard-system/vineyard-webhook-service unchanged (dry run)" in run.lines


def test_given_a_field_that_does_not_exist_when_the_server_checks_then_its_refusal_is_told(cluster, vineyardctl):
    cluster.client.post("/api/v1/namespaces", {"metadata": {"name": "vineyard-system"}})
    flags = ("--securityContext", '{"capabilities": {"bogus": true}}')

    for more in ((), ("--dry-run=server",)):
        run = vineyardctl("deploy", "vineyard-deployment", *flags, *more, status=1)
        assert run.error.startswith("error: cannot apply Deployment vineyard-system/vineyardd-sample: ")
        assert ".securityContext.capabilities.bogus: field not declared in schema" in run.error


@pytest.mark.parametrize("form", ["yaml", "json", "name"])
def test_given_a_deployment_for_good_when_output_is_asked_for_then_stdout_has_what_the_server_has(
    cluster, vineyardctl, form
):
    run = vineyardctl(*CLUSTER, "-o", form)

    if form == "name":
        assert "deployment.apps/vineyard-controller-manager" in run.output.splitlines()
        return
    objects = json.loads(run.output)["items"] if form == "json" else list(yaml.safe_load_all(run.output))
    assert not [obj for obj in objects if "managedFields" in obj["metadata"]]
    service = next(obj for obj in objects if obj["metadata"]["name"] == "vineyard-webhook-service")
    live = cluster.client.get("/api/v1/namespaces/vineyard-system/services/vineyard-webhook-service").json
    assert service["metadata"]["uid"] == live["metadata"]["uid"]
    assert service["spec"]["clusterIP"] == live["spec"]["clusterIP"]
