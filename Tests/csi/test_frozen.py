"""Volumes that a VolumeAttributesClass makes read-only for everybody, and writable again."""

import pytest

from harness.pod import Pod
from peer import PeerError


def set_read_only(node, volume, value):
    node.driver.call("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters={"readOnly": value})


def test_given_a_volume_that_is_frozen_when_pods_write_then_they_are_refused_until_it_is_thawed(node):
    volume = node.create("pvc-1")
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("model", "np.arange(1000)")
        set_read_only(node, volume, "true")
        with pytest.raises(PeerError, match="read-only"):
            pod.write("model", "1")
        assert pod.read("model", "int(value.sum())") == 499500
        node.store.stop()
        node.store.start()
        assert node.records()["pvc-1"]["frozen"]
        set_read_only(node, volume, "false")
    with Pod(node.target(), node.directory / "data") as pod:
        pod.write("model", "2")
        assert pod.read("model") == 2


@pytest.mark.parametrize("bad", [{"readOnly": "perhaps"}, {"scope": "cluster"}, {"quota": "request"}, {"readOnly": ""}], ids=str)
def test_given_what_cannot_be_changed_then_it_is_refused_at_once(node, bad):
    volume = node.create("pvc-1")
    refused = node.driver.refused("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters=bad)
    assert refused.code == "INVALID_ARGUMENT"


def test_given_the_same_volume_when_requested_with_another_class_then_it_is_the_same(node):
    volume = node.create("pvc-1", mutable_parameters={"readOnly": "true"})
    assert node.create("pvc-1", mutable_parameters={"readOnly": "true"}).volume_id == volume.volume_id
    assert len(node.records()) == 1
