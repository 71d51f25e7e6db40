"""Limits, room and expansion."""

import pytest

from harness.node import MIB, capability, parameters
from harness.pod import Pod
from peer import PeerError


def creation(name, size, **more):
    return {"name": name, "parameters": parameters(), "volume_capabilities": [capability()],
            "capacity_range": {"required_bytes": size}, **more}  # fmt: skip


def test_given_no_room_when_a_volume_is_made_then_the_caller_is_told_to_look_elsewhere(node):
    room = node.driver.call("GetCapacity").available_capacity
    node.create("pvc-1", size=room - 16 * MIB)
    refused = node.driver.refused("CreateVolume", **creation("pvc-2", 32 * MIB))
    assert refused.code == "RESOURCE_EXHAUSTED" and "node-1" in refused.text
    assert node.driver.call("GetCapacity").available_capacity == 16 * MIB
    assert node.driver.call("CreateVolume", **creation("pvc-3", 16 * MIB)).volume.capacity_bytes == 16 * MIB


def test_given_a_node_without_a_store_when_it_is_the_only_one_allowed_then_there_is_no_room(node):
    elsewhere = {"requisite": [{"segments": {"csi.vineyard.v6d.io/node": "node-9"}}]}
    refused = node.driver.refused("CreateVolume", **creation("pvc-1", MIB, accessibility_requirements=elsewhere))
    assert refused.code == "RESOURCE_EXHAUSTED" and "node-9" in refused.text
    assert node.driver.call("GetCapacity", accessible_topology=elsewhere["requisite"][0]).available_capacity == 0


def test_given_a_volume_then_it_is_accessible_from_the_node_that_has_it(node):
    [topology] = node.create("pvc-1").accessible_topology
    assert dict(topology.segments) == {"csi.vineyard.v6d.io/node": "node-1"}


@pytest.mark.parametrize("size", [-1, -(2**63)])
def test_given_a_negative_size_then_it_is_refused(node, size):
    assert node.driver.refused("CreateVolume", **creation("pvc-1", size)).code == "INVALID_ARGUMENT"


def test_given_a_range_that_holds_no_size_then_it_is_refused(node):
    bounds = {"required_bytes": 2 * MIB, "limit_bytes": MIB}
    refused = node.driver.refused("CreateVolume", **creation("pvc-1", 0) | {"capacity_range": bounds})
    assert refused.code in ("INVALID_ARGUMENT", "OUT_OF_RANGE")


def test_given_the_tutorials_claim_of_a_mebibyte_then_gigabytes_may_be_written_as_with_the_original(node):
    volume = node.create("pvc-1", size=MIB)
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("x", "np.zeros(4_000_000)")
    assert node.records()["pvc-1"]["quota"] == 0


def test_given_a_full_volume_when_expanded_then_more_fits_and_it_never_shrinks(node):
    volume = node.create("pvc-1", size=8 * MIB)
    with Pod(node.publish(volume), node.directory / "data") as pod:
        with pytest.raises(PeerError, match="expand"):
            pod.write("x", "np.zeros(2_000_000)")
        grow = {"volume_id": volume.volume_id, "capacity_range": {"required_bytes": 32 * MIB}}
        assert node.driver.call("ControllerExpandVolume", **grow).capacity_bytes == 32 * MIB
        pod.write("x", "np.zeros(2_000_000)")
    less = grow | {"capacity_range": {"required_bytes": 4 * MIB}}
    assert node.driver.call("ControllerExpandVolume", **less).capacity_bytes == 32 * MIB
    # Kubernetes repeats the first request with the first size when the volume has grown since.
    assert node.create("pvc-1", size=8 * MIB).capacity_bytes == 32 * MIB


def test_given_no_room_when_expanded_then_it_is_refused_and_nothing_changes(node):
    volume = node.create("pvc-1")
    for size in (10_000 * MIB, node.driver.call("GetCapacity").available_capacity + 64 * MIB):
        refused = node.driver.refused("ControllerExpandVolume", volume_id=volume.volume_id,
                                      capacity_range={"required_bytes": size})  # fmt: skip
        assert refused.code in ("OUT_OF_RANGE", "RESOURCE_EXHAUSTED")
    assert node.records()["pvc-1"]["quota"] == 32 * MIB


@pytest.mark.parametrize("change", [{"scope": "cluster"}, {"onDelete": "retain"}, {"quota": "1Gi"}], ids=str)
def test_given_a_volume_when_the_same_name_is_requested_otherwise_then_the_call_says_what_differs(node, change):
    node.create("pvc-1")
    refused = node.driver.refused("CreateVolume", **creation("pvc-1", 32 * MIB, parameters=parameters(**change)))
    assert refused.code in ("ALREADY_EXISTS", "OUT_OF_RANGE")
    assert list(node.records()) == ["pvc-1"]
