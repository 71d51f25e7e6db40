"""Given an operator that runs, when people use kubectl on its resources, then it does what kubectl promises."""

import os
import shutil

import pytest
import yaml

from deployments import APPS, NAMESPACE, SYSTEM, VINEYARDDS
from operated import CLASSES, DRIVERS, NAME, cluster, driver, gone, ready, running
from waiting import eventually

pytestmark = pytest.mark.skipif(not shutil.which(os.environ.get("KUBECTL", "kubectl")), reason="no kubectl here")
PATH = f"{VINEYARDDS}/{NAME}"
STORES = f"{APPS}/deployments/{NAME}"
TABLES = pytest.mark.genuine_only(reason="the double has no tables")


@pytest.fixture
def api(managers):
    managers.start()
    return managers.api


@pytest.fixture
def kubectl(bare_cluster, kubectl_of):
    """Runs kubectl in the operator's namespace."""
    run = kubectl_of(bare_cluster)
    return lambda *arguments, **more: run(*arguments, "-n", NAMESPACE, **more)


def test_given_a_manifest_when_applied_changed_and_deleted_then_kubectl_sees_it_through(api, kubectl):
    manifest = yaml.safe_dump_all([cluster(replicas=2), driver("sample", NAME)])

    assert kubectl("apply", "-f", "-", stdin=manifest).count("created") == 2
    kubectl("wait", "--for=condition=Ready", f"vineyardd/{NAME}", "csidrivers.k8s.v6d.io/sample", "--timeout=60s")
    assert kubectl("apply", "-f", "-", stdin=manifest).count("unchanged") == 2
    assert "configured" in kubectl("apply", "-f", "-", stdin=manifest.replace("replicas: 2", "replicas: 1"))
    assert ready(api)["current"] == 1
    kubectl("delete", "-f", "-", "--wait", "--timeout=60s", stdin=manifest)

    gone(api, STORES)
    gone(api, f"{CLASSES}/{NAMESPACE}.{NAME}.csi")


def test_given_the_scale_subresource_when_scaled_then_the_stores_follow(api, kubectl):
    api.post(VINEYARDDS, cluster())
    ready(api)

    kubectl("scale", f"vineyardd/{NAME}", "--replicas=3")

    assert ready(api)["current"] == 3
    assert api.get(f"{PATH}/scale").json["status"]["replicas"] == 3


@TABLES
def test_given_resources_then_their_tables_say_how_they_are(api, kubectl):
    api.post(VINEYARDDS, cluster(replicas=2))
    api.post(DRIVERS, driver("sample", NAME))
    ready(api)
    running(api, "sample")

    clusters = [line.split()[:-1] for line in kubectl("get", "vd").splitlines()]
    drivers = [line.split()[:-1] for line in kubectl("get", "vineyardcsi").splitlines()]

    assert clusters == [["NAME", "CURRENT", "DESIRED", "STATE"], [NAME, "2", "2", "Ready"]]
    assert drivers == [["NAME", "STATE", "CLUSTERS"], ["sample", "running", NAME]]
    assert kubectl("get", "vineyard", "-o", "name").split() == [
        "csidriver.k8s.v6d.io/sample",
        f"vineyardd.k8s.v6d.io/{NAME}",
    ]
    assert "Ready" in kubectl("describe", "vd", NAME)
    assert "Stores, each on a node of its own." in kubectl("explain", "vineyardd.spec.replicas")


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_given_a_cluster_when_deleted_with_its_dependents_then_nothing_is_left_nor_made_again(api, kubectl, cascade):
    api.post(VINEYARDDS, cluster())
    ready(api)

    kubectl("delete", f"vineyardd/{NAME}", f"--cascade={cascade}", "--timeout=90s")

    for path in (STORES, f"{APPS}/statefulsets/{NAME}-etcd", f"{SYSTEM}/services/{NAME}-rpc"):
        gone(api, path)

    def pods():
        return [p for p in api.get(f"{SYSTEM}/pods").json["items"] if p["metadata"]["name"].startswith(NAME)]

    eventually(lambda: not pods(), "no pods are left")
    assert api.get(STORES).status == 404


def test_given_a_cluster_when_only_its_resource_is_deleted_then_its_stores_stay_and_are_taken_back(api, kubectl):
    api.post(VINEYARDDS, cluster())
    ready(api)
    uid = api.get(STORES).json["metadata"]["uid"]

    kubectl("delete", f"vineyardd/{NAME}", "--cascade=orphan", "--timeout=90s")

    assert "ownerReferences" not in api.get(STORES).json["metadata"]
    new = api.post(VINEYARDDS, cluster()).json["metadata"]["uid"]
    ready(api)
    stores = api.get(STORES).json["metadata"]
    assert (stores["uid"], stores["ownerReferences"][0]["uid"]) == (uid, new)


def test_given_fields_that_others_own_when_they_apply_them_then_the_operator_takes_its_own_back(api, kubectl):
    api.post(VINEYARDDS, cluster(replicas=2))
    ready(api)
    edit = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"replicas": 3, "template": {"spec": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}}},
    }

    kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=me", "-f", "-", stdin=yaml.safe_dump(edit))

    eventually(lambda: api.get(STORES).json["spec"]["replicas"] == 2, "replicas are the operator's")
    spec = api.get(STORES).json["spec"]["template"]["spec"]
    assert spec["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["a"]}], "what it says nothing about stays"
