"""Volumes made of snapshots and of other volumes."""

from harness.node import MIB, capability, parameters
from sanity.snapshots import cut
from sanity.table import CONTROLLER, refusal, spec


def from_snapshot(ident):
    return {"snapshot": {"snapshot_id": ident}}


def from_volume(ident):
    return {"volume": {"volume_id": ident}}


def missing(kind, source, needs):
    refusal(CONTROLLER, f"CreateVolume should fail when the volume source {kind} is not found", "NOT_FOUND",
            "CreateVolume", needs=needs, name="pvc-1", parameters=parameters(), volume_capabilities=[capability()],
            capacity_range={"required_bytes": 32 * MIB}, volume_content_source=source)  # fmt: skip


missing("snapshot", from_snapshot("no-such-snapshot"), "CREATE_DELETE_SNAPSHOT")
missing("volume", from_volume("no-such-volume"), "CLONE_VOLUME")


@spec(CONTROLLER, "CreateVolume should create volume from an existing source snapshot", needs="CREATE_DELETE_SNAPSHOT")
def _(node):
    snapshot = cut(node, "snap-1", node.create("pvc-1"))
    source = from_snapshot(snapshot.snapshot_id)
    made = node.create("pvc-2", volume_content_source=source)
    assert made.content_source.snapshot.snapshot_id == snapshot.snapshot_id
    assert node.create("pvc-2", volume_content_source=source) == made


@spec(CONTROLLER, "CreateVolume should create volume from an existing source volume", needs="CLONE_VOLUME")
def _(node):
    original = node.create("pvc-1")
    made = node.create("pvc-2", volume_content_source=from_volume(original.volume_id))
    assert made.content_source.volume.volume_id == original.volume_id != made.volume_id
