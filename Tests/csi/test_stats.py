"""What kubelet and the health monitor are told: use, limit and condition."""

from harness.node import MIB
from harness.pod import Pod


def stats(node, volume, target):
    reply = node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target))
    units = {usage.unit: usage for usage in reply.usage}
    return units.get(1), units.get(2), reply.volume_condition


def test_given_a_volume_with_objects_then_the_figures_are_those_of_the_store(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    assert stats(node, volume, target)[0].used == 0
    with Pod(target, node.directory / "data") as pod:
        pod.write("numbers", "np.zeros(1_000_000)")
    memory, objects, condition = stats(node, volume, target)
    record = node.records()["pvc-1"]
    assert memory.total == 32 * MIB and memory.used == record["used"] >= 8_000_000
    assert memory.available == memory.total - memory.used
    assert objects.used == record["objects"] > 0
    assert not condition.abnormal


def test_given_a_volume_that_is_full_then_its_condition_is_abnormal_everywhere_until_there_is_room(node):
    volume = node.create("pvc-1", size=16 * MIB)
    target = node.publish(volume)
    with Pod(target, node.directory / "data") as pod:
        pod.run("client = vineyard.connect(f'{volume}/vineyard.sock')")
        pod.run("ident = client.put(np.zeros(2_000_000, 'u8')); None")
        condition = stats(node, volume, target)[2]
        assert condition.abnormal and condition.message
        [entry] = node.driver.call("ListVolumes").entries
        assert entry.status.volume_condition == condition
        told = node.driver.call("ControllerGetVolume", volume_id=volume.volume_id).status.volume_condition
        assert told == condition
        pod.run("client.delete(ident)")
        assert not stats(node, volume, target)[2].abnormal


def test_given_a_store_that_is_dead_then_the_condition_is_abnormal_and_says_which_store(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    node.store.kill()
    memory, _, condition = stats(node, volume, target)
    assert memory is not None and condition.abnormal and "pipelines/store" in condition.message
    node.store.start()
    assert stats(node, volume, target)[0].total == 32 * MIB


def test_given_a_volume_deleted_behind_a_mount_then_the_condition_says_so(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    node.delete(volume)
    condition = stats(node, volume, target)[2]
    assert condition.abnormal and "deleted" in condition.message
    # A volume of that name that is made anew is not what the pod has.
    node.create("pvc-1")
    assert stats(node, volume, target)[2].abnormal
    node.unpublish(volume, target)
    assert not target.exists()


def test_given_a_volume_without_a_limit_then_what_is_available_is_the_room_of_the_store(node):
    volume = node.create("pvc-1", size=None)
    target = node.publish(volume)
    free = node.driver.call("GetCapacity").available_capacity
    assert stats(node, volume, target)[0].available == free
