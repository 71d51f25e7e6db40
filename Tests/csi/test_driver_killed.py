"""`kill -9` of the driver in the middle of making and deleting volumes, and drivers that move to other nodes."""

import contextlib
import random

import grpc
import pytest

from harness import mounts
from harness.node import MIB, capability, parameters
from harness.relay import Relay

SOURCES = {"empty": {}, "clone": {"volume_content_source": {"volume": {"volume_id": "pipelines/store/pvc-source"}}}}
# Enough messages for the longest of these calls; the tests find out how many there really are.
MOST = 40


@pytest.fixture
def relayed(start_node):
    """A node whose driver reaches the store through a relay: (node, relay)."""
    node = start_node()
    store = node.start_store(directory=node.directory / "behind")
    directory = node.socket_directory()
    directory.mkdir(parents=True)
    relay = Relay(directory / "vineyard.sock", store.socket)
    node.start_driver()
    yield node, relay
    relay.close()


def creation(name, **more):
    return {"name": name, "parameters": parameters(), "volume_capabilities": [capability()],
            "capacity_range": {"required_bytes": 2 * MIB}, **more}  # fmt: skip


def messages_of(relay, call):
    """How many messages pass between driver and store in a call."""
    relay.hold_at(None)
    call()
    return relay.count


def kill_at(node, relay, number, is_lost, method, fields):
    """Kills the driver when a message of a call is under way, which then arrives or not; a new driver starts."""
    relay.hold_at(number)
    call = node.driver.begin(method, **fields)
    assert relay.held.wait(timeout=30)
    node.driver.kill()
    relay.lose() if is_lost else relay.release()
    with pytest.raises(grpc.RpcError):
        call.result()
    node.driver.start()


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "delivered"])
def test_given_a_driver_killed_at_each_message_of_create_volume_when_repeated_then_there_is_one_volume(
    relayed, source, is_lost
):
    node, relay = relayed
    node.driver.call("CreateVolume", **creation("pvc-source"))
    count = messages_of(relay, lambda: node.driver.call("CreateVolume", **creation("pvc-counted", **source)))
    assert 4 <= count < MOST
    expected = {"pvc-source", "pvc-counted"}
    for number in range(count):
        name = f"pvc-{number}"
        kill_at(node, relay, number, is_lost, "CreateVolume", creation(name, **source))
        volume = node.driver.call("CreateVolume", **creation(name, **source)).volume
        expected.add(name)
        assert volume.volume_id == f"pipelines/store/{name}" and volume.capacity_bytes == 2 * MIB
    assert set(node.records()) == expected
    assert len(node.driver.call("ListVolumes").entries) == len(expected)


@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "delivered"])
def test_given_a_driver_killed_at_each_message_of_delete_volume_when_repeated_then_the_volume_is_gone(relayed, is_lost):
    node, relay = relayed
    volume = node.driver.call("CreateVolume", **creation("pvc-1")).volume
    count = messages_of(relay, lambda: node.delete(volume))
    assert 2 <= count < MOST
    for number in range(count):
        node.driver.call("CreateVolume", **creation("pvc-1"))
        kill_at(node, relay, number, is_lost, "DeleteVolume", {"volume_id": volume.volume_id})
        node.delete(volume)
        assert node.records() == {}


def test_given_a_driver_killed_at_any_moment_when_started_again_then_every_call_can_be_repeated(node):
    target = node.target()
    for _ in range(12):
        steps = [("CreateVolume", creation("pvc-1")),
                 ("NodePublishVolume", {"volume_id": "pipelines/store/pvc-1", "target_path": str(target),
                                        "volume_context": {**parameters(), "scope": "volume", "onDelete": "delete",
                                                           "quota": str(2 * MIB)},
                                        "volume_capability": capability()}),
                 ("NodeUnpublishVolume", {"volume_id": "pipelines/store/pvc-1", "target_path": str(target)}),
                 ("DeleteVolume", {"volume_id": "pipelines/store/pvc-1"})]  # fmt: skip
        for method, fields in steps:
            call = node.driver.begin(method, **fields)
            with contextlib.suppress(grpc.FutureTimeoutError, grpc.RpcError):
                call.result(timeout=random.uniform(0, 0.01))
            node.driver.kill()
            node.driver.start()
            node.driver.call(method, **fields)
            assert len(mounts.at(target)) == (method == "NodePublishVolume")
    assert node.records() == {} and not target.exists()


def test_given_a_controller_that_moves_to_another_node_then_nothing_is_lost_and_no_id_is_there_twice(node):
    volumes = {name: node.create(name) for name in ("pvc-a", "pvc-b", "pvc-c")}
    snapshot = node.driver.call("CreateSnapshot", name="s", source_volume_id=volumes["pvc-a"].volume_id).snapshot
    target = node.publish(volumes["pvc-a"])
    node.driver.kill()
    moved = node.start_driver(mode="all", name="moved")
    listed = sorted(entry.volume.volume_id for entry in moved.call("ListVolumes").entries)
    assert listed == sorted(volume.volume_id for volume in volumes.values())
    for name, volume in volumes.items():
        assert node.create(name, driver=moved) == volume
        told = moved.call("ControllerGetVolume", volume_id=volume.volume_id)
        assert told.volume.volume_id == volume.volume_id and not told.status.volume_condition.abnormal
    assert moved.call("GetSnapshot", snapshot_id=snapshot.snapshot_id).snapshot == snapshot
    assert node.create("pvc-d", driver=moved).volume_id not in listed
    moved.call("NodeUnpublishVolume", volume_id=volumes["pvc-a"].volume_id, target_path=str(target))
    node.delete(volumes["pvc-a"], driver=moved)
    assert sorted(node.records()) == ["pvc-b", "pvc-c", "pvc-d"]
    # Nothing is kept outside of the stores.
    assert not moved.state_file.exists() and not node.driver.state_file.exists()


def test_given_two_controllers_at_once_when_both_make_the_same_volume_then_there_is_one(node):
    other = node.start_driver(name="other")
    calls = [driver.begin("CreateVolume", **creation("pvc-1")) for driver in (node.driver, other) * 10]
    assert len({call.result().volume.volume_id for call in calls}) == 1
    assert list(node.records()) == ["pvc-1"]
