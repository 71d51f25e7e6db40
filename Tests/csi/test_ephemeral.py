"""Volumes written into a pod's specification: there from publish to unpublish."""

import hashlib
import os
import signal

import pytest

from harness import mounts
from harness.node import MIB, capability, parameters
from harness.pod import Pod


def inline(pod, target, **attributes):
    """NodePublishVolume as kubelet calls it for an inline volume."""
    ident = "csi-" + hashlib.sha256(pod.encode()).hexdigest()
    context = {"csi.storage.k8s.io/ephemeral": "true", "csi.storage.k8s.io/pod.name": pod,
               "csi.storage.k8s.io/pod.namespace": "pipelines", "csi.storage.k8s.io/pod.uid": "u-" + pod,
               "csi.storage.k8s.io/serviceAccount.name": "default", **parameters(), **attributes}  # fmt: skip
    return {"volume_id": ident, "target_path": str(target), "volume_context": context,
            "volume_capability": capability()}  # fmt: skip


def unpublish(node, published):
    node.driver.call("NodeUnpublishVolume", volume_id=published["volume_id"], target_path=published["target_path"])


@pytest.fixture
def published(node):
    fields = inline("pod-1", node.target(), quota="16Mi")
    for _ in range(3):
        node.driver.call("NodePublishVolume", **fields)
    return fields


def test_given_an_inline_volume_when_the_pod_is_gone_then_its_bytes_are_free(node, published):
    [record] = node.records().values()
    assert record["ephemeral"] and record["quota"] == 16 * MIB
    assert record["attributes"]["csi.storage.k8s.io/pod.name"] == "pod-1"
    with Pod(node.target(), node.directory / "data") as pod:
        pod.write("scratch", "np.zeros(1_000_000)")
        assert node.usage() >= 8_000_000
    for _ in range(3):
        unpublish(node, published)
        assert node.records() == {} and node.usage() == 0
        assert not mounts.at(node.target()) and not node.target().exists()


def test_given_two_pods_with_inline_volumes_then_each_has_its_own(node, published):
    other = inline("pod-2", node.target("pod-2"))
    node.driver.call("NodePublishVolume", **other)
    with (
        Pod(node.target("pod-1"), node.directory / "data") as one,
        Pod(node.target("pod-2"), node.directory / "data") as two,
    ):
        one.write("x", "1")
        two.write("x", "2")
        assert (one.read("x"), two.read("x")) == (1, 2)
    unpublish(node, published)
    assert list(node.records()) == [other["volume_id"]]
    unpublish(node, other)
    assert node.records() == {}


def test_given_a_driver_that_is_restarted_then_the_inline_volume_goes_with_its_pod_all_the_same(node, published):
    node.driver.kill()
    node.driver.start()
    unpublish(node, published)
    assert node.records() == {} and not node.target().exists()


@pytest.mark.parametrize("comes_back", [True, False])
def test_given_a_store_that_is_down_when_the_pod_goes_then_it_goes_and_the_volume_does_not_return(
    node, published, comes_back
):
    node.store.kill()
    unpublish(node, published)
    assert not mounts.at(node.target()) and not node.target().exists()
    if comes_back:
        node.store.start()
        assert node.records() == {}


def test_given_a_store_that_hangs_when_the_pod_goes_then_kubelet_is_told_to_repeat_until_the_volume_is_gone(
    node, published
):
    unpublishing = {"volume_id": published["volume_id"], "target_path": published["target_path"]}
    os.kill(node.store.pid, signal.SIGSTOP)
    try:
        refused = node.driver.refused("NodeUnpublishVolume", **unpublishing)
    finally:
        os.kill(node.store.pid, signal.SIGCONT)
    # Kubelet repeats the call as long as there is something at the path.
    assert refused.code == "UNAVAILABLE" and mounts.at(node.target())
    node.driver.call("NodeUnpublishVolume", **unpublishing)
    assert node.records() == {} and not node.target().exists()


def test_given_an_inline_volume_when_read_only_then_it_is_published_so(node):
    fields = inline("pod-1", node.target()) | {"readonly": True}
    node.driver.call("NodePublishVolume", **fields)
    [mount] = mounts.at(node.target())
    assert mount.root.endswith("/read-only")
    unpublish(node, fields)
    assert node.records() == {}


def test_given_an_inline_volume_whose_pod_names_no_cluster_then_the_call_says_what_is_missing(node):
    fields = inline("pod-1", node.target())
    del fields["volume_context"]["k8s.v6d.io/vineyard/name"]
    refused = node.driver.refused("NodePublishVolume", **fields)
    assert refused.code == "INVALID_ARGUMENT" and "k8s.v6d.io/vineyard/name" in refused.text
    assert node.records() == {} and not node.target().exists()


@pytest.mark.parametrize("wish", [{"scope": "cluster"}, {"onDelete": "retain"}], ids=str)
def test_given_an_inline_volume_that_wants_the_objects_of_the_store_then_only_its_administrator_allows_it(node, wish):
    fields = inline("pod-1", node.target(), **wish)
    refused = node.driver.refused("NodePublishVolume", **fields)
    assert refused.code == "PERMISSION_DENIED" and "spec.allowClusterScope" in refused.text
    assert node.records() == {} and not mounts.at(node.target())
    # A claim's class is an administrator's.
    node.create("pvc-1", parameters=wish)
    node.store.stop()
    node.store.flags.append("--allow_cluster_scope")
    node.store.start()
    node.driver.call("NodePublishVolume", **fields)
    unpublish(node, fields)
    assert list(node.records()) == ["pvc-1"]
