"""Volumes and state of the original driver: they go on, and its file is left as it is."""

import json
import os

import pytest

from harness import mounts
from harness.node import capability, parameters
from harness.pod import Pod

HANDLE = "c0ffee00-0c1a-11ee-9a5e-0242ac120002"
# As the original wrote it, misspelling included.
STATE = json.dumps([{"VolName": "pvc-1", "VolID": HANDLE, "VolSize": 1048576, "VolPath": "", "NodeID": "",
                     "ReadOnlyAttach": False, "Attched": False}])  # fmt: skip
CONTEXTS = {
    "two keys": {},
    "first answer": {"volume_id": HANDLE},
    "provisioner": {"csi.storage.k8s.io/pv/name": "pvc-1", "csi.storage.k8s.io/pvc/name": "claim",
                    "csi.storage.k8s.io/pvc/namespace": "pipelines",
                    "storage.kubernetes.io/csiProvisionerIdentity": "1690000000000-8081-csi.vineyard.v6d.io"},
}  # fmt: skip


def publication(target, context):
    return {"volume_id": HANDLE, "target_path": str(target), "volume_context": {**parameters(), **context},
            "volume_capability": capability()}  # fmt: skip


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_given_a_volume_of_the_original_when_published_unpublished_and_deleted_then_no_call_fails(node, context):
    for _ in range(3):
        node.driver.call("NodePublishVolume", **publication(node.target(), context))
    assert len(mounts.at(node.target())) == 1
    for _ in range(3):
        node.driver.call("NodeUnpublishVolume", volume_id=HANDLE, target_path=str(node.target()))
    assert not node.target().exists()
    for _ in range(3):
        node.driver.call("DeleteVolume", volume_id=HANDLE)
    assert node.records() == {}


def test_given_a_volume_of_the_original_then_it_has_the_global_names_of_the_store_and_they_outlive_it(node):
    node.driver.call("NodePublishVolume", **publication(node.target(), {}))
    with (
        Pod(node.target(), node.directory / "data") as pod,
        Pod(node.socket_directory(), node.directory / "data") as old,
    ):
        pod.write("new", "1")
        old.write("old", "2")
        assert (old.read("new"), pod.read("old")) == (1, 2)
        node.driver.call("NodeUnpublishVolume", volume_id=HANDLE, target_path=str(node.target()))
        node.driver.call("DeleteVolume", volume_id=HANDLE)
        assert (old.read("new"), old.read("old")) == (1, 2)


def test_given_a_mount_of_the_original_when_kubelet_publishes_again_then_ours_replaces_it(node):
    target = node.target()
    target.mkdir()
    for _ in range(3):
        mounts.bind(node.socket_directory(), target)
    node.driver.call("NodePublishVolume", **publication(target, {}))
    [mount] = mounts.at(target)
    assert "/volumes/" in mount.root


def test_given_a_volume_of_the_original_that_was_never_published_here_when_deleted_then_it_is_done(node):
    node.driver.call("DeleteVolume", volume_id=HANDLE)
    node.driver.call("NodeUnpublishVolume", volume_id=HANDLE, target_path=str(node.target()))
    node.driver.call("ControllerUnpublishVolume", volume_id=HANDLE, node_id=node.name)


def test_given_a_state_file_of_the_original_then_it_is_read_and_left_alone_byte_for_byte(start_node):
    node = start_node()
    node.start_store()
    state = node.directory / "csi.state"
    state.write_text(STATE)
    state.chmod(0o600)
    os.utime(state, (1_600_000_000, 1_600_000_000))
    before = state.stat()
    node.start_driver()
    assert [entry.volume.volume_id for entry in node.driver.call("ListVolumes").entries] == [HANDLE]
    told = node.driver.call("ValidateVolumeCapabilities", volume_id=HANDLE, volume_capabilities=[capability()])
    assert told.HasField("confirmed")
    assert node.driver.call("ControllerGetVolume", volume_id=HANDLE).volume.capacity_bytes == 1048576
    node.driver.call("NodePublishVolume", **publication(node.target(), {}))
    node.driver.call("NodeUnpublishVolume", volume_id=HANDLE, target_path=str(node.target()))
    node.delete(node.create("pvc-new"))
    node.driver.call("DeleteVolume", volume_id=HANDLE)
    node.driver.stop()
    after = state.stat()
    assert state.read_text() == STATE
    assert (after.st_mtime, after.st_ino, after.st_mode) == (before.st_mtime, before.st_ino, before.st_mode)


@pytest.mark.parametrize("text", ["", "{torn", '[{"VolName": 1}]', "[1, 2", "\0" * 100])
def test_given_a_torn_state_file_then_the_driver_starts_and_leaves_it(start_node, text):
    node = start_node()
    node.start_store()
    state = node.directory / "csi.state"
    state.write_text(text)
    node.start_driver()
    node.create("pvc-1")
    assert state.read_text() == text
