"""The Node service."""

from harness import mounts
from harness.node import MIB, capability
from harness.protocol import messages
from sanity.table import NODE, refusal, spec

STAGES, EXPANDS, STATS = "STAGE_UNSTAGE_VOLUME", "node EXPAND_VOLUME", "GET_VOLUME_STATS"
ANYWHERE = "/nonexistent/mount"
NOWHERE = "some/path"

for title, method, needs, fields in (
    ("NodePublishVolume should fail when no volume id is provided", "NodePublishVolume", "",
     {"target_path": ANYWHERE, "volume_capability": capability()}),
    ("NodePublishVolume should fail when no target path is provided", "NodePublishVolume", "",
     {"volume_id": "v", "volume_capability": capability()}),
    ("NodePublishVolume should fail when no volume capability is provided", "NodePublishVolume", "",
     {"volume_id": "v", "target_path": ANYWHERE}),
    ("NodeUnpublishVolume should fail when no volume id is provided", "NodeUnpublishVolume", "",
     {"target_path": ANYWHERE}),
    ("NodeUnpublishVolume should fail when no target path is provided", "NodeUnpublishVolume", "", {"volume_id": "v"}),
    ("NodeStageVolume should fail when no volume id is provided", "NodeStageVolume", STAGES,
     {"staging_target_path": ANYWHERE, "volume_capability": capability()}),
    ("NodeStageVolume should fail when no staging target path is provided", "NodeStageVolume", STAGES,
     {"volume_id": "v", "volume_capability": capability()}),
    ("NodeUnstageVolume should fail when no volume id is provided", "NodeUnstageVolume", STAGES,
     {"staging_target_path": ANYWHERE}),
    ("NodeUnstageVolume should fail when no staging target path is provided", "NodeUnstageVolume", STAGES,
     {"volume_id": "v"}),
    ("NodeGetVolumeStats should fail when no volume id is provided", "NodeGetVolumeStats", STATS,
     {"volume_path": ANYWHERE}),
    ("NodeGetVolumeStats should fail when no volume path is provided", "NodeGetVolumeStats", STATS, {"volume_id": "v"}),
    ("NodeExpandVolume should fail when no volume id is provided", "NodeExpandVolume", EXPANDS,
     {"volume_path": ANYWHERE}),
    ("NodeExpandVolume should fail when no volume path is provided", "NodeExpandVolume", EXPANDS, {"volume_id": "v"}),
):  # fmt: skip
    refusal(NODE, title, "INVALID_ARGUMENT", method, needs=needs, **fields)

refusal(NODE, "NodeGetVolumeStats should fail when volume is not found", "NOT_FOUND", "NodeGetVolumeStats",
        needs=STATS, volume_id="no-such-volume", volume_path=NOWHERE)  # fmt: skip
refusal(NODE, "NodeExpandVolume should fail when volume is not found", "NOT_FOUND", "NodeExpandVolume", needs=EXPANDS,
        volume_id="no-such-volume", volume_path=NOWHERE, capacity_range={"required_bytes": MIB})  # fmt: skip


@spec(NODE, "NodeGetCapabilities should return appropriate capabilities")
def _(node):
    found = [capability.rpc.type for capability in node.driver.call("NodeGetCapabilities").capabilities]
    names = [messages.NodeServiceCapability.RPC.Type.Name(number) for number in found]
    assert names and "UNKNOWN" not in names and len(set(names)) == len(names)


@spec(NODE, "NodeGetInfo should return appropriate values")
def _(node):
    info = node.driver.call("NodeGetInfo")
    assert info.node_id == node.name and info.max_volumes_per_node >= 0
    assert dict(info.accessible_topology.segments) == {"csi.vineyard.v6d.io/node": node.name}


@spec(NODE, "NodePublishVolume with single node multi writer capability should fail when volume with single node "
      "single writer access mode is already mounted at a different target path",
      needs="node SINGLE_NODE_MULTI_WRITER")  # fmt: skip
def _(node):
    alone = "SINGLE_NODE_SINGLE_WRITER"
    volume = node.create("pvc-1", volume_capabilities=[capability(alone)])
    node.publish(volume, "pod-1", mode=alone)
    other = node.publication(volume, node.target("pod-2"), mode=alone)
    assert node.driver.refused("NodePublishVolume", **other).code == "FAILED_PRECONDITION"
    assert not mounts.at(node.target("pod-2"))


@spec(NODE, "NodeUnpublishVolume should remove target path")
def _(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    assert target.is_dir()
    node.unpublish(volume, target)
    assert not target.exists() and target.parent.exists()


@spec(NODE, "NodeStageVolume should fail when no volume capability is provided", needs=STAGES)
def _(node):
    ident = node.create("pvc-1").volume_id
    staging = str(node.target("staging"))
    refused = node.driver.refused("NodeStageVolume", volume_id=ident, staging_target_path=staging)
    assert refused.code == "INVALID_ARGUMENT"


@spec(NODE, "NodeGetVolumeStats should fail when volume does not exist on the specified path", needs=STATS)
def _(node):
    volume = node.create("pvc-1")
    node.publish(volume)
    ident = volume.volume_id
    for path in (NOWHERE, ANYWHERE, str(node.pods)):
        assert node.driver.refused("NodeGetVolumeStats", volume_id=ident, volume_path=path).code == "NOT_FOUND"


@spec(NODE, "NodeExpandVolume should work if node-expand is called after node-publish", needs=EXPANDS)
def _(node):
    volume = node.create("pvc-1", size=16 * MIB)
    more = {"required_bytes": 32 * MIB}
    node.driver.call("ControllerExpandVolume", volume_id=volume.volume_id, capacity_range=more)
    target = node.publish(volume)
    for _ in range(3):
        reply = node.driver.call("NodeExpandVolume", volume_id=volume.volume_id, volume_path=str(target),
                                 capacity_range=more)  # fmt: skip
        assert reply.capacity_bytes == 32 * MIB


def from_first_to_last_call(node, count):
    """A volume's whole life on a node, each call so many times."""
    here = {"requisite": [{"segments": {"csi.vineyard.v6d.io/node": node.name}}]}
    for _ in range(count):
        volume = node.create("pvc-1", accessibility_requirements=here)
    for _ in range(count):
        target = node.publish(volume)
    assert len(mounts.at(target)) == 1
    usage = node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target)).usage
    assert usage[0].total == 32 * MIB and usage[0].used == 0
    for _ in range(count):
        node.unpublish(volume, target)
    assert not target.exists() and not mounts.at(target)
    for _ in range(count):
        node.delete(volume)
    assert node.records() == {}


@spec(NODE, "should work")
def _(node):
    from_first_to_last_call(node, 1)


@spec(NODE, "should be idempotent")
def _(node):
    from_first_to_last_call(node, 10)
