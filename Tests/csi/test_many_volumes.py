"""A node full of volumes."""

from concurrent.futures import ThreadPoolExecutor

from harness import mounts
from harness.node import MIB

COUNT = 1000


def test_given_a_thousand_volumes_when_all_are_published_on_one_node_then_each_works_and_all_go_again(node):
    with ThreadPoolExecutor(8) as pool:
        volumes = list(pool.map(lambda n: node.create(f"pvc-{n:04}", size=None), range(COUNT)))
        assert len(node.records()) == len(node.driver.call("ListVolumes").entries) == COUNT
        targets = list(pool.map(lambda volume: node.publish(volume, volume.volume_id.split("/")[-1]), volumes))
        assert len(mounts.below(node.pods)) == COUNT
        for number in (0, 499, 999):
            stats = node.driver.call("NodeGetVolumeStats", volume_id=volumes[number].volume_id,
                                     volume_path=str(targets[number]))  # fmt: skip
            assert stats.usage[0].total > MIB and not stats.volume_condition.abnormal
            assert (targets[number] / "vineyard.sock").is_socket()
        list(pool.map(node.unpublish, volumes, targets))
        assert not mounts.below(node.pods)
        list(pool.map(node.delete, volumes))
    assert node.records() == {}
