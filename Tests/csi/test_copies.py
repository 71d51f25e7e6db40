"""Snapshots and clones: the objects of a moment, sharing their bytes."""

import pytest

from harness.node import MIB, capability, parameters
from harness.pod import Pod

SIZE = 8_000_000


@pytest.fixture
def source(node):
    """A volume with an object of SIZE bytes."""
    volume = node.create("pvc-source")
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("model", "np.full(1_000_000, 1.0)")
    return volume


def test_given_a_snapshot_when_the_volume_goes_on_then_a_volume_made_of_it_has_the_old_contents(node, source):
    snapshot = node.driver.call("CreateSnapshot", name="s", source_volume_id=source.volume_id).snapshot
    assert snapshot.size_bytes >= SIZE
    with Pod(node.target(), node.directory / "data") as pod:
        pod.write("model", "np.full(1_000_000, 2.0)")
    restored = node.create("pvc-restored", volume_content_source={"snapshot": {"snapshot_id": snapshot.snapshot_id}})
    with Pod(node.publish(restored, "other"), node.directory / "data") as pod:
        assert pod.read("model", "float(value.max())") == 1.0
        pod.write("model", "np.full(1_000_000, 3.0)")
    with Pod(node.target(), node.directory / "data") as pod:
        assert pod.read("model", "float(value.max())") == 2.0


def test_given_a_clone_then_it_has_bytes_of_its_own_and_outlives_its_source(node, source):
    before = node.usage()
    clone = node.create("pvc-clone", volume_content_source={"volume": {"volume_id": source.volume_id}})
    assert node.usage() - before == SIZE
    node.unpublish(source, node.target())
    node.delete(source)
    assert node.usage() == SIZE
    with Pod(node.publish(clone, "other"), node.directory / "data") as pod:
        assert pod.read("model", "float(value.sum())") == 1_000_000
    node.unpublish(clone, node.target("other"))
    node.delete(clone)
    assert node.usage() == 0


def test_given_a_snapshot_when_its_volume_is_deleted_then_it_stays_until_it_is_deleted(node, source):
    snapshot = node.driver.call("CreateSnapshot", name="s", source_volume_id=source.volume_id).snapshot
    node.unpublish(source, node.target())
    node.delete(source)
    assert node.driver.call("GetSnapshot", snapshot_id=snapshot.snapshot_id).snapshot == snapshot
    assert node.usage() >= SIZE
    node.driver.call("DeleteSnapshot", snapshot_id=snapshot.snapshot_id)
    assert node.usage() == 0


def test_given_contents_that_do_not_fit_when_a_volume_is_made_of_them_then_it_is_refused(node, source):
    refused = node.driver.refused(
        "CreateVolume", name="pvc-small", parameters=parameters(), volume_capabilities=[capability()],
        capacity_range={"required_bytes": 2 * MIB},
        volume_content_source={"volume": {"volume_id": source.volume_id}})  # fmt: skip
    assert refused.code == "OUT_OF_RANGE" and "pvc-source" in refused.text
    assert list(node.records()) == ["pvc-source"]


def test_given_a_volume_of_scope_cluster_then_it_cannot_be_copied(node):
    shared = node.create("pvc-shared", parameters={"scope": "cluster"})
    refused = node.driver.refused("CreateSnapshot", name="s", source_volume_id=shared.volume_id)
    assert refused.code == "INVALID_ARGUMENT" and "cluster" in refused.text
