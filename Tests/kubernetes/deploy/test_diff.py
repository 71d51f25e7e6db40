"""Given a deployment, when it is compared, then differences are printed and decide the exit status."""

import pytest

from operated import admitted
from snapshot import everything, versions

CLUSTER = ("deploy", "vineyard-cluster", "--create-namespace")
SYSTEM = "/api/v1/namespaces/vineyard-system"
MANAGER = "/apis/apps/v1/namespaces/vineyard-system/deployments/vineyard-controller-manager"


def changes(output):
    """The removed and added lines of a unified diff."""
    return [
        line[0] + line[1:].strip()
        for line in output.splitlines()
        if line[0] in "+-" and not line.startswith(("--- ", "+++ ")) and "deploy-flags" not in line
    ]


@pytest.mark.parametrize(
    "target, flags",
    [
        ("vineyard-cluster", ()),
        ("operator", ()),
        ("vineyardd", ()),
        ("csidriver", ("--clusters", "vineyard-system/vineyardd-sample")),
    ],
)
def test_given_what_was_just_deployed_when_compared_then_there_is_no_difference(vineyardctl, target, flags):
    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "csidriver", "--clusters", "vineyard-system/vineyardd-sample")

    run = vineyardctl("diff", target, *flags)

    assert run.output == ""
    assert run.lines[-1].endswith("is as planned")


def test_given_plain_workloads_when_compared_then_defaults_of_the_server_are_no_difference(vineyardctl):
    flags = (
        "--vineyardd.size",
        "1Gi",
        "--vineyardd.spill.config",
        "spill",
        "--vineyardd.spill.path",
        "/spill",
        "--vineyardd.spill.pv-pvc-spec",
        '{"pv-spec": {"capacity": {"storage": "1Gi"}, "accessModes": '
        '["ReadWriteOnce"], "hostPath": {"path": "/tmp/spill"}}, "pvc-spec": {"accessModes": ["ReadWriteOnce"], '
        '"resources": {"requests": {"storage": "1Gi"}}}}',
    )
    vineyardctl("deploy", "vineyard-deployment", "--create-namespace", *flags)

    assert vineyardctl("diff", "vineyard-deployment", *flags).output == ""


def test_given_another_image_when_compared_then_only_the_image_differs(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace", "--image", "localhost/vineyardctl:1")
    admitted(cluster.client)
    before = versions(cluster.client)

    run = vineyardctl("diff", "operator", "--image", "localhost/vineyardctl:2", status=1)

    assert "--- live Deployment vineyard-system/vineyard-controller-manager\n" in run.output
    assert "+++ planned Deployment vineyard-system/vineyard-controller-manager\n" in run.output
    assert set(changes(run.output)) == {
        f"{sign}{key}: localhost/vineyardctl:{version}"
        for sign, version in ("-1", "+2")
        for key in ("image", "default")
    }
    assert not [line for line in run.lines if line.startswith("error: ")]
    assert versions(cluster.client) == before


def test_given_an_object_changed_by_hand_when_compared_then_the_change_shows(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace")
    service = f"{SYSTEM}/services/vineyard-webhook-service"
    cluster.client.patch(service, {"spec": {"selector": {"control-plane": "elsewhere"}}}, fieldManager="kubectl-edit")

    run = vineyardctl("diff", "operator", status=1)

    assert [line for line in run.lines if line.startswith("⚠ ") and "'kubectl-edit' owns .spec.selector" in line]
    assert changes(run.output) == ["-control-plane: elsewhere", "+control-plane: controller-manager"]


def test_given_a_missing_object_when_compared_then_all_of_it_is_added(cluster, vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace")
    cluster.client.delete(f"{SYSTEM}/services/vineyard-webhook-service")

    run = vineyardctl("diff", "operator", status=1)

    assert run.output.startswith("--- live Service vineyard-system/vineyard-webhook-service\n")
    assert all(line.startswith("+") for line in changes(run.output))


def test_given_nothing_deployed_when_compared_then_everything_is_added_and_nothing_made(cluster, vineyardctl):
    before = everything(cluster.client)

    run = vineyardctl("diff", "vineyard-cluster", status=1)

    assert "+++ planned Namespace vineyard-system\n" in run.output
    assert "+++ planned Vineyardd vineyard-system/vineyardd-sample\n" in run.output
    assert everything(cluster.client) == before


def test_given_the_help_when_read_then_it_tells_the_exit_status(vineyardctl):
    assert "Exit status: 0 no difference, 1 differences" in " ".join(
        vineyardctl("diff", "operator", "-h").output.split()
    )
    assert "exit status 1 when there are differences" in " ".join(vineyardctl("diff", "-h").output.split())
