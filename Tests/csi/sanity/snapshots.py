"""CreateSnapshot, DeleteSnapshot, ListSnapshots and GetSnapshot."""

from harness.node import MIB
from sanity.table import refusal, spec

CREATE, DELETE = "CreateSnapshot [Controller Server]", "DeleteSnapshot [Controller Server]"
LIST, GET = "ListSnapshots [Controller Server]", "GetSnapshot [Controller Server]"
MAKES, LISTS, GETS = "CREATE_DELETE_SNAPSHOT", "LIST_SNAPSHOTS", "GET_SNAPSHOT"


def cut(node, name, volume):
    """Makes a snapshot that is what a caller may expect."""
    snapshot = node.driver.call("CreateSnapshot", name=name, source_volume_id=volume.volume_id).snapshot
    assert snapshot.snapshot_id and snapshot.source_volume_id == volume.volume_id
    assert snapshot.ready_to_use and snapshot.creation_time.seconds > 0
    return snapshot


def three(node):
    """Snapshots of three volumes."""
    return [cut(node, f"snap-{number}", node.create(f"pvc-{number}", size=MIB)) for number in range(3)]


def listed(node, **fields):
    return [entry.snapshot.snapshot_id for entry in node.driver.call("ListSnapshots", **fields).entries]


refusal(CREATE, "should fail when no name is provided", "INVALID_ARGUMENT", "CreateSnapshot", needs=MAKES,
        source_volume_id="v")  # fmt: skip
refusal(CREATE, "should fail when no source volume id is provided", "INVALID_ARGUMENT", "CreateSnapshot", needs=MAKES,
        name="n")  # fmt: skip
refusal(DELETE, "should fail when no snapshot id is provided", "INVALID_ARGUMENT", "DeleteSnapshot", needs=MAKES)
refusal(GET, "should return an error", "INVALID_ARGUMENT", "GetSnapshot", needs=GETS)
refusal(GET, "should return an error when the specified snapshot id does not exist", "NOT_FOUND", "GetSnapshot",
        needs=GETS, snapshot_id="no-such-snapshot")  # fmt: skip


@spec(CREATE, "should succeed when requesting to create a snapshot with already existing name and same source volume "
      "ID", needs=MAKES)  # fmt: skip
def _(node):
    volume = node.create("pvc-1")
    first = cut(node, "snap-1", volume)
    assert all(cut(node, "snap-1", volume) == first for _ in range(5))
    assert listed(node) == [first.snapshot_id]


@spec(CREATE, "should fail when requesting to create a snapshot with already existing name and different source volume "
      "ID", needs=MAKES)  # fmt: skip
def _(node):
    cut(node, "snap-1", node.create("pvc-1"))
    other = node.create("pvc-2").volume_id
    refused = node.driver.refused("CreateSnapshot", name="snap-1", source_volume_id=other)
    assert refused.code == "ALREADY_EXISTS"


@spec(CREATE, "should succeed when creating snapshot with maximum-length name", needs=MAKES)
def _(node):
    volume = node.create("pvc-1")
    first = cut(node, "s" * 128, volume)
    assert cut(node, "s" * 128, volume) == first != cut(node, "s" * 127 + "t", volume)


@spec(DELETE, "should succeed when an invalid snapshot id is used", needs=MAKES)
def _(node):
    for ident in ("no-such-snapshot", "../../etc", "a/b", "x" * 300):
        node.driver.call("DeleteSnapshot", snapshot_id=ident)


@spec(DELETE, "should return appropriate values (no optional values added)", needs=MAKES)
def _(node):
    snapshot = cut(node, "snap-1", node.create("pvc-1"))
    for _ in range(5):
        node.driver.call("DeleteSnapshot", snapshot_id=snapshot.snapshot_id)
    assert node.records("snapshot") == {}


@spec(LIST, "should return appropriate values (no optional values added)", needs=LISTS)
def _(node):
    assert listed(node) == []
    assert sorted(snapshot.snapshot_id for snapshot in three(node)) == sorted(listed(node))


@spec(LIST, "should return snapshots that match the specified snapshot id", needs=LISTS)
def _(node):
    for snapshot in three(node):
        assert listed(node, snapshot_id=snapshot.snapshot_id) == [snapshot.snapshot_id]


@spec(LIST, "should return empty when the specified snapshot id does not exist", needs=LISTS)
def _(node):
    three(node)
    assert listed(node, snapshot_id="no-such-snapshot") == []


@spec(LIST, "should return snapshots that match the specified source volume id", needs=LISTS)
def _(node):
    for snapshot in three(node):
        assert listed(node, source_volume_id=snapshot.source_volume_id) == [snapshot.snapshot_id]


@spec(LIST, "should return empty when the specified source volume id does not exist", needs=LISTS)
def _(node):
    three(node)
    assert listed(node, source_volume_id="no-such-volume") == []


@spec(LIST, "check the presence of new snapshots in the snapshot list", needs=LISTS)
def _(node):
    volume = node.create("pvc-1")
    kept, doomed = cut(node, "snap-1", volume), cut(node, "snap-2", volume)
    assert sorted(listed(node)) == sorted([kept.snapshot_id, doomed.snapshot_id])
    node.driver.call("DeleteSnapshot", snapshot_id=doomed.snapshot_id)
    assert listed(node) == [kept.snapshot_id]


@spec(LIST, "should return next token when a limited number of entries are requested", needs=LISTS)
def _(node):
    made = sorted(snapshot.snapshot_id for snapshot in three(node))
    page = node.driver.call("ListSnapshots", max_entries=2)
    first = [entry.snapshot.snapshot_id for entry in page.entries]
    assert len(first) == 2 and page.next_token
    assert sorted(first + listed(node, starting_token=page.next_token)) == made


@spec(GET, "should return snapshot that match the specified snapshot id", needs=GETS)
def _(node):
    for snapshot in three(node):
        assert node.driver.call("GetSnapshot", snapshot_id=snapshot.snapshot_id).snapshot == snapshot
