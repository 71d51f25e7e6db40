"""Staging: what takes long is done once on a node, before a pod waits for its mount."""

import pytest

from harness import mounts
from harness.node import capability, parameters
from sanity.node import STAGES
from test_sanity import advertised


@pytest.fixture
def staged(node):
    """The fields of NodeStageVolume for a volume."""
    if STAGES not in advertised(node.driver):
        pytest.skip(f"{STAGES} is not advertised")
    volume = node.create("pvc-1")
    return {"volume_id": volume.volume_id, "staging_target_path": str(node.target("staging")),
            "volume_capability": capability(), "volume_context": dict(volume.volume_context)}  # fmt: skip


def test_given_a_volume_when_staged_again_and_again_then_nothing_is_mounted_and_publishing_works(node, staged):
    for _ in range(5):
        node.driver.call("NodeStageVolume", **staged)
    assert not mounts.below(node.pods)
    target = node.target()
    published = staged | {"target_path": str(target)}
    node.driver.call("NodePublishVolume", **published)
    assert len(mounts.at(target)) == 1
    node.driver.call("NodeUnpublishVolume", volume_id=staged["volume_id"], target_path=str(target))
    for _ in range(5):
        node.driver.call("NodeUnstageVolume", volume_id=staged["volume_id"],
                         staging_target_path=staged["staging_target_path"])  # fmt: skip
    assert not mounts.below(node.pods) and list(node.records()) == ["pvc-1"]


def test_given_a_volume_that_the_store_lost_when_staged_then_it_is_there_before_a_pod_asks(node, staged):
    with node.store.wire() as main:
        main.ask("delete_volume_request", id="pvc-1")
    node.driver.call("NodeStageVolume", **staged)
    assert list(node.records()) == ["pvc-1"]


def test_given_a_store_that_is_down_when_staged_then_the_call_says_so(node, staged):
    node.store.kill()
    refused = node.driver.refused("NodeStageVolume", **staged)
    assert refused.code == "UNAVAILABLE" and "pipelines/store" in refused.text
    # Nothing was done that would have to be undone.
    node.driver.call("NodeUnstageVolume", volume_id=staged["volume_id"],
                     staging_target_path=staged["staging_target_path"])  # fmt: skip


@pytest.mark.parametrize("bad", [{"volume_context": parameters("..")}, {"volume_context": parameters("elsewhere")},
                                 {"volume_capability": {"block": {}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}}],
                         ids=["bad cluster", "other cluster", "block"])  # fmt: skip
def test_given_a_bad_request_when_staged_then_it_is_refused(node, staged, bad):
    assert node.driver.refused("NodeStageVolume", **staged | bad).code == "INVALID_ARGUMENT"
