"""What is printed, and what is only tried."""

import pytest

from deployments import CLUSTER, DEPLOYMENT, DRIVER, NAMESPACE
from snapshot import everything

CLUSTER_OBJECTS = {
    "vineyardd.k8s.v6d.io/vineyardd-sample",
    "csidriver.k8s.v6d.io/csidriver-sample",
    "deployment.apps/vineyard-controller-manager",
    "service/vineyard-webhook-service",
    "customresourcedefinition.apiextensions.k8s.io/vineyardds.k8s.v6d.io",
    "customresourcedefinition.apiextensions.k8s.io/csidrivers.k8s.v6d.io",
    f"namespace/{NAMESPACE}",
}


@pytest.mark.parametrize("mode", ["client", "server"])
def test_a_dry_run_lists_everything_and_deletes_nothing(cluster, vineyardctl, mode):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    before = everything(cluster.client)

    run = vineyardctl("delete", "vineyard-cluster", f"--dry-run={mode}", "-o", "name")

    names = run.output.splitlines()
    assert set(names) > CLUSTER_OBJECTS
    assert f"► Namespace {NAMESPACE} would be deleted" in run.lines
    assert not [line for line in run.lines if " is kept" in line]
    title = f"vineyard cluster {NAMESPACE}/vineyardd-sample"
    assert run.lines[-1] == f"✔ {title}: {len(names)} objects would be deleted"
    assert everything(cluster.client) == before


def test_a_client_s_dry_run_sends_no_deletion(cluster, vineyardctl):
    vineyardctl(*DEPLOYMENT)
    cluster.clear_requests()

    vineyardctl("delete", "vineyard-deployment", "--dry-run=client")

    assert {request["method"] for request in cluster.requests()} == {"GET"}


def test_what_a_dry_run_lists_is_what_is_deleted(vineyardctl):
    vineyardctl(*CLUSTER)
    tried = vineyardctl("delete", "vineyard-cluster", "--dry-run=server", "-o", "name").output

    done = vineyardctl("delete", "vineyard-cluster", "-o", "name").output

    assert done == tried


def test_names_go_to_stdout_and_the_story_to_stderr(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    run = vineyardctl("delete", "vineyard-deployment", "-o", "name")

    assert "deployment.apps/vineyardd-sample" in run.output.splitlines()
    assert run.output.splitlines()[-1] == f"namespace/{NAMESPACE}"
    assert f"► Deployment {NAMESPACE}/vineyardd-sample deleted" in run.lines


def test_a_limit_of_zero_waits_as_long_as_it_takes(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    assert vineyardctl("delete", "vineyard-deployment", "--timeout", "0").lines[-1].endswith(" is gone")
