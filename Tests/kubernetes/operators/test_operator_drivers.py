"""Given an operator that runs, then CSI drivers are what their resources say, however many there are."""

import pytest

from deployments import APPS, NAMESPACE, VINEYARDDS
from operated import CLASSES, DRIVERS, NAME, cluster, condition, driver, gone, ready, running, settled, status, told
from waiting import eventually

REGISTERED = "/apis/storage.k8s.io/v1/csidrivers/csi.vineyard.v6d.io"


def class_of(name):
    return f"{CLASSES}/{NAMESPACE}.{name}.csi"


def owners(api, path):
    """The names of an object's owners; none also without the object."""
    return [owner["name"] for owner in api.get(path).json["metadata"].get("ownerReferences", ())]


@pytest.fixture
def api(managers):
    managers.start()
    return managers.api


def test_given_a_cluster_when_the_driver_is_deployed_then_it_runs_and_says_so(managers, deploys):
    managers.start()
    deploys("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "1")

    deploys("deploy", "csidriver", "--clusters", f"{NAMESPACE}/{NAME}")

    found = status(managers.api, f"{DRIVERS}/csidriver-sample")
    assert (found["state"], found["current"], found["nodes"], found["nodesReady"]) == ("running", 1, 3, 3)
    assert managers.api.get(class_of(NAME)).json["provisioner"] == "csi.vineyard.v6d.io"
    eventually(
        lambda: condition(managers.api, f"{DRIVERS}/csidriver-sample", "ClustersReady")["status"] == "True",
        "it knows that the cluster is ready",
    )


def test_given_a_provisioner_whose_image_does_not_exist_when_deployed_then_it_is_not_ready(managers, deploys):
    managers.start()
    deploys("deploy", "vineyard-cluster", "--create-namespace", "--replicas", "1")
    driver_of = ("deploy", "csidriver", "--clusters", f"{NAMESPACE}/{NAME}")
    deploys(*driver_of)
    managers.double.image("nosuch", "ImagePullBackOff", message="no such image")

    run = deploys(*driver_of, "--provisionerImage", "registry.example.com/nosuch:1", "--timeout", "3s", status=3)

    assert run.error.startswith("error: CSIDriver csidriver-sample is not ready after 3s: controller: ")
    assert status(managers.api, f"{DRIVERS}/csidriver-sample")["state"] == "pending"
    assert [line for line in run.lines if line.startswith("✗ ") and "ImagePullBackOff" in line]
    deploys(*driver_of, "--provisionerImage", "registry.example.com/provisioner:1")
    assert status(managers.api, f"{DRIVERS}/csidriver-sample")["state"] == "running"


def test_given_a_driver_before_its_cluster_then_it_waits_instead_of_giving_up(api):
    api.post(DRIVERS, driver("early", NAME))
    running(api, "early")
    assert condition(api, f"{DRIVERS}/early", "ClustersReady")["reason"] == "Missing"

    api.post(VINEYARDDS, cluster())

    eventually(lambda: condition(api, f"{DRIVERS}/early", "ClustersReady")["status"] == "True", "the cluster is there")


def test_given_clusters_that_come_and_go_then_their_classes_do(api):
    api.post(DRIVERS, driver("sample", "one"))
    running(api, "sample")

    api.patch(f"{DRIVERS}/sample", {"spec": driver("sample", "two", "three")["spec"]})

    gone(api, class_of("one"))
    eventually(lambda: api.get(class_of("two")).status == api.get(class_of("three")).status == 200, "new classes")


def test_given_a_class_whose_fields_cannot_be_changed_then_it_is_replaced(api):
    api.post(DRIVERS, driver("sample", "one"))
    running(api, "sample")

    api.patch(f"{DRIVERS}/sample", {"spec": {"volumeBindingMode": "Immediate"}})

    eventually(lambda: api.get(class_of("one")).json.get("volumeBindingMode") == "Immediate", "it has another mode")
    running(api, "sample")


def test_given_two_drivers_then_the_older_brings_the_workloads_and_both_have_classes(api):
    api.post(DRIVERS, driver("alpha", "one"))
    running(api, "alpha")

    api.post(DRIVERS, driver("beta", "two"))

    running(api, "beta")
    assert "CSIDriver alpha" in condition(api, f"{DRIVERS}/beta", "Ready")["message"]
    assert api.get(class_of("two")).status == 200
    assert api.get(f"{APPS}/daemonsets/beta-csi-nodes").status == 404


def test_given_two_drivers_when_the_older_goes_then_the_other_brings_the_workloads(api):
    api.post(DRIVERS, driver("alpha", "one"))
    running(api, "alpha")
    api.post(DRIVERS, driver("beta", "two"))
    running(api, "beta")

    api.delete(f"{DRIVERS}/alpha")

    gone(api, class_of("one"))
    eventually(lambda: api.get(f"{APPS}/daemonsets/beta-csi-nodes").status == 200, "beta's node plugins")
    running(api, "beta")
    # Alpha's registration may still be there for a moment.
    eventually(lambda: owners(api, REGISTERED) == ["beta"], "beta has registered the driver")


def test_given_two_drivers_of_one_cluster_then_the_older_has_the_class_and_the_other_says_so(api):
    api.post(DRIVERS, driver("alpha", "one"))
    running(api, "alpha")

    api.post(DRIVERS, driver("beta", "one"))

    running(api, "beta")
    assert condition(api, f"{DRIVERS}/beta", "StorageClassesOwned")["message"].endswith("belongs to CSIDriver alpha")
    assert api.get(class_of("one")).json["metadata"]["ownerReferences"][0]["name"] == "alpha"
    api.delete(f"{DRIVERS}/alpha")
    eventually(
        lambda: api.get(class_of("one")).json["metadata"].get("ownerReferences", [{}])[0].get("name") == "beta",
        "beta has the class",
    )


def test_given_a_driver_that_makes_no_sense_then_the_status_says_why(api):
    body = driver("sample", "one")
    body["spec"]["storageClassName"] = f"{NAMESPACE}.one.csi"
    api.post(DRIVERS, body)

    settled(api, f"{DRIVERS}/sample", "pending")
    assert "storage class name" in condition(api, f"{DRIVERS}/sample", "Applied")["message"]
    told(api, "sample", "Warning", "InvalidSpec")


def test_given_everything_when_it_is_deleted_in_any_order_then_nothing_is_left(managers, deploys):
    managers.start()
    for order in ((f"{VINEYARDDS}/{NAME}", f"{DRIVERS}/sample"), (f"{DRIVERS}/sample", f"{VINEYARDDS}/{NAME}")):
        managers.api.post(VINEYARDDS, cluster())
        managers.api.post(DRIVERS, driver("sample", NAME))
        ready(managers.api)
        running(managers.api, "sample")
        for path in order:
            managers.api.delete(path)
        gone(managers.api, f"{APPS}/deployments/{NAME}")
        gone(managers.api, f"{APPS}/deployments/sample-csi-driver")
        gone(managers.api, class_of(NAME))
        gone(managers.api, REGISTERED)
