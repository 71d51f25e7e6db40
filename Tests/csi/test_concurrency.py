"""Many calls at once: one after the other wins, and what is left is as if they had come in some order."""

import functools
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from harness import mounts
from harness.node import MIB, capability, parameters

THREADS = 50
# A caller that is told so repeats the call.
BUSY = {"OK", "ABORTED"}


@pytest.fixture
def at_once():
    """Runs functions on 50 threads, all together, and returns their results in order."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield lambda functions: [future.result() for future in [pool.submit(one) for one in functions]]


def outcome(node, method, **fields):
    """The name of the status that a call ended with."""
    try:
        node.driver.attempt(method, **fields)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def creation(name):
    return {"name": name, "parameters": parameters(), "capacity_range": {"required_bytes": MIB * 2},
            "volume_capabilities": [capability()]}  # fmt: skip


def test_given_fifty_callers_that_make_one_volume_then_there_is_one(node, at_once):
    replies = at_once([lambda: node.driver.call("CreateVolume", **creation("pvc-1"))] * THREADS)
    assert len({reply.volume.volume_id for reply in replies}) == 1
    assert list(node.records()) == ["pvc-1"]


def test_given_creates_and_deletes_of_one_volume_at_once_then_each_is_answered_and_the_end_is_clean(node, at_once):
    calls = [("CreateVolume", creation("pvc-1")), ("DeleteVolume", {"volume_id": "pipelines/store/pvc-1"})]
    for _ in range(4):
        outcomes = at_once(
            [functools.partial(outcome, node, method, **fields) for method, fields in random.choices(calls, k=THREADS)]
        )
        assert set(outcomes) <= BUSY, Counter(outcomes)
        assert set(node.records()) <= {"pvc-1"}
    volume = node.create("pvc-1", size=MIB * 2)
    node.delete(volume)
    assert node.records() == {} and node.usage() == 0


def test_given_fifty_publishes_of_one_path_then_there_is_one_mount(node, at_once):
    fields = node.publication(node.create("pvc-1"), node.target())
    outcomes = at_once([lambda: outcome(node, "NodePublishVolume", **fields)] * THREADS)
    assert set(outcomes) == {"OK"}, Counter(outcomes)
    assert len(mounts.at(node.target())) == 1


def test_given_publishes_and_unpublishes_of_one_path_at_once_then_never_two_mounts_and_a_clean_end(node, at_once):
    volume, target = node.create("pvc-1"), node.target()
    calls = [("NodePublishVolume", node.publication(volume, target)),
             ("NodeUnpublishVolume", {"volume_id": volume.volume_id, "target_path": str(target)})]  # fmt: skip
    for _ in range(4):
        outcomes = at_once(
            [functools.partial(outcome, node, method, **fields) for method, fields in random.choices(calls, k=THREADS)]
        )
        assert set(outcomes) <= BUSY, Counter(outcomes)
        assert len(mounts.at(target)) <= 1
    node.unpublish(volume, target)
    assert not mounts.at(target) and not target.exists()


def test_given_one_volume_for_many_pods_at_once_then_each_gets_its_mount(node, at_once):
    volume = node.create("pvc-1")
    targets = at_once([lambda n=n: node.publish(volume, f"pod-{n}") for n in range(THREADS)])
    assert [len(mounts.at(target)) for target in targets] == [1] * THREADS
    at_once([lambda target=target: node.unpublish(volume, target) for target in targets])
    assert not mounts.below(node.pods)


def test_given_whole_lives_of_ten_volumes_from_five_callers_each_then_nothing_is_left(node, at_once):
    def life(number):
        name, target = f"pvc-{number}", node.target(f"pod-{number}")
        ident = f"pipelines/store/{name}"
        context = {**parameters(), "scope": "volume", "onDelete": "delete", "quota": str(MIB * 2)}
        published = {"volume_id": ident, "target_path": str(target), "volume_capability": capability(),
                     "volume_context": context}  # fmt: skip
        return [outcome(node, "CreateVolume", **creation(name)),
                outcome(node, "NodePublishVolume", **published),
                outcome(node, "ControllerExpandVolume", volume_id=ident, capacity_range={"required_bytes": MIB * 4}),
                outcome(node, "CreateSnapshot", name=name, source_volume_id=ident),
                outcome(node, "NodeUnpublishVolume", volume_id=ident, target_path=str(target)),
                outcome(node, "DeleteSnapshot", snapshot_id=f"pipelines/store/snap-{name}"),
                outcome(node, "DeleteVolume", volume_id=ident)]  # fmt: skip

    lives = at_once([lambda n=n: life(n % 10) for n in range(THREADS)])
    assert all(each[-1] in BUSY for each in lives)
    # Another caller may have deleted the volume in between, or expanded it, but nothing else goes wrong.
    told = Counter(code for each in lives for code in each)
    assert set(told) <= BUSY | {"NOT_FOUND", "ALREADY_EXISTS"}, told
    for number in range(10):
        target = node.target(f"pod-{number}")
        node.driver.call("NodeUnpublishVolume", volume_id=f"pipelines/store/pvc-{number}", target_path=str(target))
        node.driver.call("DeleteSnapshot", snapshot_id=f"pipelines/store/snap-pvc-{number}")
        node.driver.call("DeleteVolume", volume_id=f"pipelines/store/pvc-{number}")
    assert node.records() == node.records("snapshot") == {} and not mounts.below(node.pods)


def test_given_fifty_snapshots_of_one_name_at_once_then_there_is_one(node, at_once):
    ident = node.create("pvc-1").volume_id
    replies = at_once([lambda: node.driver.call("CreateSnapshot", name="s", source_volume_id=ident)] * THREADS)
    assert len({reply.snapshot.snapshot_id for reply in replies}) == 1
    assert list(node.records("snapshot")) == ["snap-s"]
