"""The manifests in examples/kubernetes, applied as their README says."""

import re
from pathlib import Path

import pytest
import yaml

from waiting import eventually

DIRECTORY = Path(__file__).resolve().parents[3] / "examples" / "kubernetes"
FILES = sorted(path.name for path in DIRECTORY.glob("*.yaml"))
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def kubectl(cluster, kubectl_of, vineyardctl):
    """Runs kubectl where stores and driver are ready, as the README brings it about."""
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "3")
    vineyardctl("deploy", "csidriver", "--clusters", "vineyard-system/vineyardd-sample")
    return kubectl_of(cluster)


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def programs():
    """The Python programs of the steps, each with a name."""
    for name in FILES:
        for manifest in yaml.safe_load_all((DIRECTORY / name).read_text()):
            spec = manifest.get("spec", {})
            spec = spec["template"]["spec"] if manifest["kind"] == "Job" else spec
            if "containers" in spec:
                for container in containers(spec):
                    yield pytest.param(container["args"][0], id=f"{manifest['metadata']['name']}-{container['name']}")


def test_the_readme_names_every_manifest():
    links = re.findall(r"\]\((\w+\.yaml)\)", (DIRECTORY / "README.md").read_text())
    assert sorted(links) == FILES


@pytest.mark.parametrize("program", programs())
def test_the_program_of_a_step_is_python(program):
    compile(program, "step", "exec")


def test_given_the_operator_when_examples_are_applied_then_steps_get_their_volumes_and_end(cluster, kubectl):
    cluster.image("localhost/vineyard-step:1", "Succeed")
    files = [argument for name in FILES for argument in ("-f", str(DIRECTORY / name))]

    checked = kubectl("apply", "--dry-run=server", "--validate=strict", *files)
    kubectl("apply", *files)

    assert "server dry run" in checked and "Warning" not in checked

    def phases():
        return {pod["metadata"]["name"]: pod["status"].get("phase") for pod in cluster.client.get(PODS).json["items"]}

    eventually(lambda: len(phases()) == 4 and set(phases().values()) == {"Succeeded"}, "every step ends")


def test_given_a_deployed_cluster_when_the_example_of_a_store_is_applied_then_it_is_another_one(
    cluster, kubectl, vineyardctl
):
    path = "/apis/k8s.v6d.io/v1alpha1/namespaces/vineyard-system/vineyardds/vineyardd-sample"
    before = cluster.client.get(path).json

    kubectl("apply", "-f", str(DIRECTORY / "store.yaml"))
    vineyardctl("status", "--wait", "--timeout", "60s")

    assert cluster.client.get(path).json["spec"] == before["spec"]
    assert "deployment/vineyardd-example" in vineyardctl("status").output
