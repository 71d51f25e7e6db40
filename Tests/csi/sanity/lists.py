"""Capabilities, capacity and the list of volumes."""

from harness.node import MIB
from harness.protocol import messages
from sanity.table import CONTROLLER, refusal, spec


def ids(node, **fields):
    return [entry.volume.volume_id for entry in node.driver.call("ListVolumes", **fields).entries]


@spec(CONTROLLER, "ControllerGetCapabilities should return appropriate capabilities")
def _(node):
    found = [capability.rpc.type for capability in node.driver.call("ControllerGetCapabilities").capabilities]
    names = [messages.ControllerServiceCapability.RPC.Type.Name(number) for number in found]
    assert names and "UNKNOWN" not in names and len(set(names)) == len(names)


@spec(CONTROLLER, "GetCapacity should return capacity (no optional values added)", needs="GET_CAPACITY")
def _(node):
    before = node.driver.call("GetCapacity").available_capacity
    node.create("pvc-1", size=32 * MIB)
    after = node.driver.call("GetCapacity").available_capacity
    assert before - after == 32 * MIB and after > 0


@spec(CONTROLLER, "ListVolumes should return appropriate values (no optional values added)", needs="LIST_VOLUMES")
def _(node):
    assert ids(node) == []
    made = [node.create(f"pvc-{number}").volume_id for number in range(3)]
    assert sorted(ids(node)) == sorted(made)


refusal(CONTROLLER, "ListVolumes should fail when an invalid starting_token is passed", "ABORTED", "ListVolumes",
        needs="LIST_VOLUMES", starting_token="invalid-token")  # fmt: skip


@spec(CONTROLLER, "ListVolumes check the presence of new volumes and absence of deleted ones in the volume list",
      needs="LIST_VOLUMES")  # fmt: skip
def _(node):
    kept, doomed = node.create("pvc-kept"), node.create("pvc-doomed")
    assert sorted(ids(node)) == sorted([kept.volume_id, doomed.volume_id])
    node.delete(doomed)
    assert ids(node) == [kept.volume_id]


@spec(CONTROLLER, "ListVolumes pagination should detect volumes added between pages and accept tokens when the last "
      "volume from a page is deleted", needs="LIST_VOLUMES")  # fmt: skip
def _(node):
    made = {volume.volume_id: volume for volume in (node.create(f"pvc-{number}", size=MIB) for number in range(3))}
    page = node.driver.call("ListVolumes", max_entries=2)
    seen = [entry.volume.volume_id for entry in page.entries]
    assert len(seen) == 2 and page.next_token
    for ident in seen:
        node.delete(made[ident])
    added = node.create("pvc-zzz", size=MIB).volume_id
    assert sorted(ids(node, starting_token=page.next_token)) == sorted([*(set(made) - set(seen)), added])
