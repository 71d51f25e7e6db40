"""What the original vineyardctl 0.24.2 made goes as well. Its binary comes with PyPI's vineyard."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from deployments import CRDS, NAMESPACE, OURS, SYSTEM, exists, make, namespace
from snapshot import everything
from waiting import eventually


@pytest.fixture
def original(cluster, tmp_path):
    """Runs the original program against the cluster."""
    found = importlib.util.find_spec("vineyard")
    program = Path(found.origin).parent / "bdist" / "vineyardctl" if found and found.origin else Path()
    if not program.is_file():
        pytest.skip("PyPI's vineyard is not installed")

    def run(*arguments):
        command = [str(program), *arguments, "--kubeconfig", str(cluster.kubeconfig)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_an_original_operator_leaves_nothing(cluster, vineyardctl, original):
    before = everything(cluster.client)
    original("deploy", "operator", "--wait=false")
    assert exists(cluster.client, f"{CRDS}/sidecars.k8s.v6d.io")

    run = vineyardctl("delete", "operator")

    assert not [line for line in run.lines if " is kept" in line]
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")


def test_objects_that_the_original_mirrored_keep_their_definition(cluster, vineyardctl, original):
    original("deploy", "operator", "--wait=false")
    make(cluster.client, f"{OURS}/namespaces/{NAMESPACE}/localobjects", {
        "apiVersion": "k8s.v6d.io/v1alpha1", "kind": "LocalObject", "metadata": {"name": "o1"},
        "spec": {"id": "o1", "name": "o1", "signature": "s", "typename": "t", "instance_id": 0, "hostname": "h",
                 "metadata": "{}"}})

    run = vineyardctl("delete", "operator")

    kept = f"there are still resources of this kind: LocalObject {NAMESPACE}/o1"
    assert f"⚠ CustomResourceDefinition localobjects.k8s.v6d.io is kept: {kept}" in run.lines
    assert exists(cluster.client, f"{OURS}/namespaces/{NAMESPACE}/localobjects/o1")


def test_an_original_cluster_without_an_operator_goes(cluster, vineyardctl, original):
    # The original makes pods before its new namespace has an account for them, and fails.
    make(cluster.client, "/api/v1/namespaces", namespace(NAMESPACE))
    for made in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
        eventually(lambda path=f"{SYSTEM}/{made}": exists(cluster.client, path), "the namespace is furnished")
    before = everything(cluster.client)
    original("deploy", "vineyard-deployment", "--replicas", "1")

    run = vineyardctl("delete", "vineyard-deployment")

    assert not [line for line in run.lines if " is kept" in line]
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")
