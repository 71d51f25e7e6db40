"""What a VolumeAttributesClass changes about a volume while pods use it."""

import pytest

from harness.node import MIB
from harness.pod import Pod
from peer import PeerError


def modify(node, volume, **parameters):
    node.driver.call("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters=parameters)


def test_given_a_volume_that_is_frozen_when_pods_write_then_they_are_refused_until_it_is_thawed(node):
    volume = node.create("pvc-1")
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("model", "np.arange(1000)")
        modify(node, volume, readOnly="true")
        with pytest.raises(PeerError, match="read-only"):
            pod.write("model", "1")
        assert pod.read("model", "int(value.sum())") == 499500
        node.store.stop()
        node.store.start()
        assert node.records()["pvc-1"]["frozen"]
        modify(node, volume, readOnly="false")
    with Pod(node.target(), node.directory / "data") as pod:
        pod.write("model", "2")
        assert pod.read("model") == 2


def test_given_another_quota_when_pods_write_then_it_holds_at_once_and_what_is_left_out_stays(node):
    volume = node.create("pvc-1", size=8 * MIB)
    with Pod(node.publish(volume), node.directory / "data") as pod:
        with pytest.raises(PeerError, match="pvc-1"):
            pod.write("big", "np.zeros(2_000_000)")
        for quota, bytes_ in (("64Mi", 64 * MIB), ("none", 0), ("32Mi", 32 * MIB)):
            for _ in range(2):
                modify(node, volume, quota=quota)
            record = node.records()["pvc-1"]
            assert record["quota"] == bytes_ and record["on_delete"] == "delete" and not record["frozen"]
        pod.write("big", "np.zeros(2_000_000)")


def test_given_a_quota_that_cannot_be_then_it_is_refused_and_nothing_changes(node):
    volume = node.create("pvc-1")
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("big", "np.zeros(2_000_000)")
    for quota in ("1Mi", "100Gi"):
        refused = node.driver.refused("ControllerModifyVolume", volume_id=volume.volume_id,
                                      mutable_parameters={"quota": quota, "onDelete": "retain"})  # fmt: skip
        assert refused.code in ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE")
    record = node.records()["pvc-1"]
    assert record["quota"] == 32 * MIB and record["on_delete"] == "delete"


def test_given_a_volume_that_is_to_leave_its_objects_when_deleted_then_they_stay(node):
    volume = node.create("pvc-1")
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("model", "np.arange(1000)")
    modify(node, volume, onDelete="retain")
    node.unpublish(volume, node.target())
    node.delete(volume)
    with Pod(node.socket_directory(), node.directory / "data") as pod:
        assert pod.read("model", "int(value.sum())") == 499500


BAD = [{"readOnly": "perhaps"}, {"readOnly": ""}, {"scope": "cluster"}, {"quota": "request"}, {"onDelete": "maybe"}]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_given_what_cannot_be_changed_then_it_is_refused_at_once(node, bad):
    volume = node.create("pvc-1")
    refused = node.driver.refused("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters=bad)
    assert refused.code == "INVALID_ARGUMENT"


def test_given_the_same_volume_when_requested_with_another_class_then_it_is_the_same(node):
    volume = node.create("pvc-1", mutable_parameters={"readOnly": "true"})
    assert node.create("pvc-1", mutable_parameters={"readOnly": "true"}).volume_id == volume.volume_id
    assert len(node.records()) == 1
