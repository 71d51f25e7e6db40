"""Everything that needs the driver is seen before it goes: inline volumes, static volumes, volumes to be deleted."""

import pytest

from deployments import CLUSTER, DRIVER, NAMESPACE, OURS, claim, exists, make
from objects import container, pod
from waiting import eventually

PODS = "/api/v1/namespaces/default/pods"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
ATTRIBUTES = {"k8s.v6d.io/vineyard/namespace": NAMESPACE, "k8s.v6d.io/vineyard/name": "vineyardd-sample"}
HINT = "(hint: delete these first, or repeat with --force: pods that use them lose their volumes)"


@pytest.fixture
def driver(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER, "--volumeBindingMode", "Immediate")
    return cluster


def inline(name="step", cluster_name="vineyardd-sample", **spec):
    """A pod with a volume of its own."""
    attributes = ATTRIBUTES | {"k8s.v6d.io/vineyard/name": cluster_name}
    volume = {"name": "data", "csi": {"driver": "csi.vineyard.v6d.io", "volumeAttributes": attributes}}
    return pod(name, "default", container(image="example.com/step:1"), volumes=[volume], **spec)


def running(cluster, name="step"):
    eventually(lambda: cluster.client.get(f"{PODS}/{name}").json["status"].get("phase") == "Running", f"{name} runs")


def static(name="by-hand", reclaim="Retain", **spec):
    """A volume that somebody made by hand."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "storageClassName": "",
            "persistentVolumeReclaimPolicy": reclaim,
            "csi": {"driver": "csi.vineyard.v6d.io", "volumeHandle": f"{NAMESPACE}/vineyardd-sample/{name}"},
            **spec,
        },
    }


@pytest.mark.parametrize("target", ["csidriver", "vineyardd", "vineyard-cluster"])
def test_a_running_pod_with_an_inline_volume_is_seen(driver, vineyardctl, target):
    make(driver.client, PODS, inline())
    running(driver)

    run = vineyardctl("delete", target, status=1)

    assert run.error.endswith(f" is in use: pod default/step with an inline volume {HINT}")
    assert exists(driver.client, f"{OURS}/csidrivers/csidriver-sample")


def test_a_pod_that_has_ended_needs_the_driver_no_more(driver, vineyardctl):
    driver.image("example.com/step", "Succeed")
    make(driver.client, PODS, inline(restartPolicy="Never"))
    eventually(lambda: driver.client.get(f"{PODS}/step").json["status"].get("phase") == "Succeeded", "it ends")

    vineyardctl("delete", "csidriver")


def test_a_claim_that_is_bound_to_a_static_volume_is_seen(driver, vineyardctl):
    make(driver.client, VOLUMES, static())
    make(driver.client, CLAIMS, claim("mine", storage_class="", volumeName="by-hand"))
    eventually(lambda: driver.client.get(f"{CLAIMS}/mine").json["status"].get("phase") == "Bound", "it is bound")

    run = vineyardctl("delete", "csidriver", status=1)

    assert "is in use: claim default/mine (hint: delete the claims first" in run.error


def test_a_volume_whose_claim_is_gone_and_that_waits_for_its_deletion_is_seen(driver, vineyardctl):
    gone = {"namespace": "default", "name": "gone", "uid": "of-nobody"}
    make(driver.client, VOLUMES, static("left", "Delete", claimRef=gone))
    make(driver.client, VOLUMES, static("kept", "Retain", claimRef=gone))
    eventually(lambda: driver.client.get(f"{VOLUMES}/left").json["status"].get("phase") == "Released", "it is released")

    run = vineyardctl("delete", "csidriver", status=1)

    assert run.error.endswith(f" is in use: volume left waiting for DeleteVolume {HINT}")


def test_a_claim_that_is_being_deleted_names_the_pods_that_hold_it(driver, vineyardctl):
    make(driver.client, CLAIMS, claim())
    driver.image("example.com/step", "Succeed")
    source = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    make(
        driver.client,
        PODS,
        pod("done", "default", container(image="example.com/step:1"), volumes=[source], restartPolicy="Never"),
    )
    eventually(lambda: driver.client.get(f"{PODS}/done").json["status"].get("phase") == "Succeeded", "it ends")
    driver.client.patch(f"{CLAIMS}/data", {"metadata": {"finalizers": ["example.com/hold"]}})
    driver.client.delete(f"{CLAIMS}/data")

    run = vineyardctl("delete", "csidriver", status=1)

    assert "is in use: claim default/data (being deleted, held by pods default/done)" in run.error
    driver.client.patch(f"{CLAIMS}/data", {"metadata": {"finalizers": None}})


def test_what_other_clusters_are_used_for_does_not_keep_a_cluster(driver, vineyardctl):
    make(driver.client, PODS, inline(cluster_name="other"))
    running(driver)

    vineyardctl("delete", "vineyardd")

    assert "pod default/step with an inline volume" in vineyardctl("delete", "csidriver", status=1).error


def test_force_says_what_needs_the_driver_back_and_bringing_it_back_helps(driver, vineyardctl):
    make(driver.client, PODS, inline())
    make(driver.client, CLAIMS, claim())
    running(driver)
    eventually(lambda: driver.client.get(f"{CLAIMS}/data").json["status"].get("phase") == "Bound", "it is bound")

    run = vineyardctl("delete", "csidriver", "--force")

    assert (
        "⚠ claim default/data; pod default/step with an inline volume: pods and volumes that go now hang until "
        "'vineyardctl deploy csidriver' brings the driver back"
    ) in run.lines
    driver.client.delete(f"{PODS}/step")
    driver.client.delete(f"{CLAIMS}/data")
    make(driver.client, PODS, pod("other", "default", container(image="example.com/step:1")))
    running(driver, "other")
    driver.client.delete(f"{PODS}/other")
    eventually(lambda: not exists(driver.client, f"{PODS}/other"), "the kubelet has ended another pod")
    assert exists(driver.client, f"{PODS}/step"), "it hangs"
    assert driver.client.get(VOLUMES).json["items"], "nobody deletes what is in the volume"
    vineyardctl(*DRIVER)
    eventually(lambda: not exists(driver.client, f"{PODS}/step"), "the pod is gone")
    eventually(lambda: not driver.client.get(VOLUMES).json["items"], "the volume is gone")


def test_without_the_right_to_list_pods_it_says_what_it_has_not_seen(driver, vineyardctl):
    driver.deny(verb="list", resource="pods", namespace="")

    run = vineyardctl("delete", "csidriver")

    assert "⚠ Pod objects cannot be listed: what uses csidriver csidriver-sample may be more" in run.lines
