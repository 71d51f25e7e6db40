"""Calls in any order, with kills in between, against a model of what must be there.

`CSI_SEED` replays one walk; the seed is in the name of the test.
"""

import os
import random

import pytest

from harness import mounts
from harness.node import MIB

# The processes of a parallel run must choose the same seeds.
CHOICE = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
SEEDS = [int(os.environ["CSI_SEED"])] if os.environ.get("CSI_SEED") else [CHOICE.randrange(10**6) for _ in range(3)]
STEPS = 150
NAMES, PODS = ("pvc-a", "pvc-b", "pvc-c"), ("pod-1", "pod-2", "pod-3")


class Walk:
    """What the callers know: volumes with their size, and which of them each pod has how."""

    def __init__(self, node, choose):
        self.node, self.choose = node, choose
        self.volumes, self.sizes, self.published = {}, {}, {}

    def create(self):
        name = self.choose.choice(NAMES)
        volume = self.node.create(name, size=8 * MIB)
        assert self.volumes.get(name, volume).volume_id == volume.volume_id
        self.volumes[name] = volume
        self.sizes.setdefault(name, 8 * MIB)

    def delete(self):
        name = self.choose.choice(NAMES)
        if name in self.volumes and all(one != name for one, _ in self.published.values()):
            self.node.delete(self.volumes.pop(name))
            del self.sizes[name]

    def expand(self):
        if self.volumes:
            name = self.choose.choice(sorted(self.volumes))
            size = self.choose.choice((8, 12, 16)) * MIB
            reply = self.node.driver.call("ControllerExpandVolume", volume_id=self.volumes[name].volume_id,
                                          capacity_range={"required_bytes": size})  # fmt: skip
            self.sizes[name] = max(self.sizes[name], size)
            assert reply.capacity_bytes == self.sizes[name]

    def publish(self):
        if not self.volumes:
            return
        name, pod = self.choose.choice(sorted(self.volumes)), self.choose.choice(PODS)
        wanted = (name, self.choose.random() < 0.3)
        fields = self.node.publication(self.volumes[name], self.node.target(pod), readonly=wanted[1])
        if self.published.get(pod, wanted) == wanted:
            self.node.driver.call("NodePublishVolume", **fields)
            self.published[pod] = wanted
        else:
            assert self.node.driver.refused("NodePublishVolume", **fields).code == "ALREADY_EXISTS"

    def unpublish(self):
        pod = self.choose.choice(PODS)
        name, _ = self.published.pop(pod, (NAMES[0], False))
        self.node.driver.call("NodeUnpublishVolume", volume_id=f"pipelines/store/{name}",
                              target_path=str(self.node.target(pod)))  # fmt: skip

    def restart_store(self):
        self.choose.choice((self.node.store.stop, self.node.store.kill))()
        self.node.store.start()

    def restart_driver(self):
        self.choose.choice((self.node.driver.stop, self.node.driver.kill))()
        self.node.driver.start()

    def check(self):
        records = self.node.records()
        assert {name: record["quota"] for name, record in records.items()} == self.sizes
        for pod in PODS:
            found = [mount.root.split("/volumes/")[1] for mount in mounts.at(self.node.target(pod))]
            name, is_read_only = self.published.get(pod, (None, False))
            assert found == ([] if name is None else [f"{name}/read-only" if is_read_only else name])
            assert self.node.target(pod).exists() == (name is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_given_calls_in_any_order_then_volumes_and_mounts_are_always_what_was_asked_for(node, seed):
    walk = Walk(node, random.Random(seed))
    steps = [walk.create, walk.delete, walk.expand, walk.publish, walk.publish, walk.unpublish, walk.unpublish]
    for _ in range(STEPS):
        rare = walk.choose.random()
        step = walk.restart_store if rare < 0.03 else walk.restart_driver if rare < 0.06 else walk.choose.choice(steps)
        step()
        walk.check()
    walk.node.driver.stop()
