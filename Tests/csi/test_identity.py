"""Who the driver says it is, what each half serves, and whether it is ready."""

import pytest

from harness.node import capability
from harness.protocol import METHODS, messages
from waiting import eventually

CONTROLLER, TOPOLOGY = "CONTROLLER_SERVICE", "VOLUME_ACCESSIBILITY_CONSTRAINTS"


def names(enum, found):
    return {enum.Name(one.type) for one in found}


def is_ready(driver):
    return driver.call("Probe").ready.value


def test_given_a_driver_when_asked_who_it_is_then_it_has_the_name_that_classes_and_volumes_give(node):
    info = node.driver.call("GetPluginInfo")
    assert info.name == "csi.vineyard.v6d.io" and info.vendor_version


def test_given_a_driver_then_it_advertises_what_it_does(node):
    found = node.driver.call("GetPluginCapabilities").capabilities
    services = names(messages.PluginCapability.Service.Type, [one.service for one in found if one.HasField("service")])
    expansion = names(messages.PluginCapability.VolumeExpansion.Type,
                      [one.volume_expansion for one in found if one.HasField("volume_expansion")])  # fmt: skip
    assert services == {CONTROLLER, TOPOLOGY} and expansion == {"ONLINE"}
    found = node.driver.call("ControllerGetCapabilities").capabilities
    offered = names(messages.ControllerServiceCapability.RPC.Type, [one.rpc for one in found])
    assert offered >= {
        "CREATE_DELETE_VOLUME", "LIST_VOLUMES", "GET_CAPACITY", "CREATE_DELETE_SNAPSHOT", "LIST_SNAPSHOTS",
        "CLONE_VOLUME", "EXPAND_VOLUME", "VOLUME_CONDITION", "GET_VOLUME", "SINGLE_NODE_MULTI_WRITER"}  # fmt: skip
    assert "PUBLISH_UNPUBLISH_VOLUME" not in offered
    found = node.driver.call("NodeGetCapabilities").capabilities
    assert names(messages.NodeServiceCapability.RPC.Type, [one.rpc for one in found]) >= {
        "GET_VOLUME_STATS", "VOLUME_CONDITION", "SINGLE_NODE_MULTI_WRITER", "VOLUME_MOUNT_GROUP"}  # fmt: skip


def test_given_the_node_half_alone_then_it_says_so_and_makes_no_volumes(start_node):
    node = start_node()
    node.start_store()
    driver = node.start_driver(mode="node")
    found = driver.call("GetPluginCapabilities").capabilities
    assert names(messages.PluginCapability.Service.Type, [one.service for one in found]) == {TOPOLOGY}
    for method, (path, _) in METHODS.items():
        if "/csi.v1.Controller/" in path:
            assert driver.refused(method).code == "UNIMPLEMENTED"
    assert driver.call("NodeGetInfo").node_id == node.name and is_ready(driver)


@pytest.mark.parametrize("name", ["ip-10-0-0-7.eu-central-1.compute.internal", f"{'rack-7.' * 12}example.org"])
def test_given_a_node_that_is_not_named_by_its_host_then_the_kubelet_registers_the_driver_all_the_same(
    start_node, name
):
    node = start_node(name, hostname="ip-10-0-0-7")
    node.start_store()
    node.start_driver()
    assert node.labels["kubernetes.io/hostname"] == "ip-10-0-0-7"
    # Where the volume is, is where the kubelet's label is.
    [topology] = node.create("pvc-1").accessible_topology
    assert topology.segments.items() <= node.labels.items()
    here = {"requisite": [topology], "preferred": [topology]}
    [topology] = node.create("pvc-2", accessibility_requirements=here).accessible_topology
    assert topology.segments.items() <= node.labels.items()
    assert node.driver.call("GetCapacity", accessible_topology=topology).available_capacity > 0


def test_given_a_node_without_the_directory_of_sockets_then_it_is_not_ready_until_there_is_one(start_node):
    node = start_node()
    node.root.rmdir()
    driver = node.start_driver(mode="node")
    assert not is_ready(driver)
    node.root.mkdir()
    eventually(lambda: is_ready(driver), "ready when the directory is there")
    node.root.rmdir()
    eventually(lambda: not is_ready(driver), "not ready when it is gone")


def test_given_a_node_without_stores_then_the_driver_is_ready_and_clusters_come_and_go(start_node):
    node = start_node()
    driver = node.start_driver()
    assert is_ready(driver) and not driver.call("ListVolumes").entries
    assert driver.call("GetCapacity").available_capacity == 0
    node.start_store()
    assert driver.call("GetCapacity").available_capacity > 0
    node.start_store("second")
    volumes = [node.create("pvc-1"), node.create("pvc-1", cluster="second")]
    assert len({volume.volume_id for volume in volumes}) == 2
    assert len(driver.call("ListVolumes").entries) == 2


@pytest.mark.parametrize("method", sorted(METHODS))
def test_given_an_empty_request_when_sent_then_it_is_answered_or_refused_and_nothing_breaks(shared_node, method):
    needs_nothing = {"GetPluginInfo", "GetPluginCapabilities", "Probe", "ListVolumes", "GetCapacity", "ListSnapshots",
                     "ControllerGetCapabilities", "NodeGetCapabilities", "NodeGetInfo"}  # fmt: skip
    if method in needs_nothing:
        shared_node.driver.call(method)
    else:
        assert shared_node.driver.refused(method).code == "INVALID_ARGUMENT"
    assert shared_node.driver.endpoint.is_there()


@pytest.mark.parametrize("length", [129, 10_000])
def test_given_ids_and_names_that_are_too_long_then_they_are_answered_in_a_line(node, length):
    ident = "x" * length
    assert node.create(ident).volume_id
    for method, fields in (("ControllerGetVolume", {}), ("CreateSnapshot", {"name": "s"}),
                           ("NodePublishVolume", {"target_path": str(node.target()), "volume_context": {},
                                                  "volume_capability": capability()})):  # fmt: skip
        key = "source_volume_id" if method == "CreateSnapshot" else "volume_id"
        refused = node.driver.refused(method, **{key: ident}, **fields)
        assert refused.code in ("NOT_FOUND", "INVALID_ARGUMENT") and len(refused.text) < 1000, refused
