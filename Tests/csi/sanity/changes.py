"""ControllerExpandVolume and ControllerModifyVolume, and what volumes of this driver never need."""

from harness.node import MIB, capability, parameters
from sanity.table import CONTROLLER, refusal, spec, unwanted

EXPAND, MODIFY = "ExpandVolume [Controller Server]", "ModifyVolume [Controller Server]"
MODIFIES = "MODIFY_VOLUME"
UNKNOWN = {"XXX_FakeKey": "XXX_FakeValue"}

refusal(EXPAND, "should fail if no volume id is given", "INVALID_ARGUMENT", "ControllerExpandVolume",
        needs="EXPAND_VOLUME", capacity_range={"required_bytes": MIB})  # fmt: skip
refusal(MODIFY, "should fail if no volume id is given", "INVALID_ARGUMENT", "ControllerModifyVolume", needs=MODIFIES)
refusal(MODIFY, "should fail if volume does not exist", "NOT_FOUND", "ControllerModifyVolume", needs=MODIFIES,
        volume_id="no-such-volume")  # fmt: skip
refusal(CONTROLLER, "CreateVolume should not create volume with an invalid volume attribute class", "INVALID_ARGUMENT",
        "CreateVolume", needs=MODIFIES, name="pvc-1", parameters=parameters(), volume_capabilities=[capability()],
        mutable_parameters=UNKNOWN)  # fmt: skip


@spec(EXPAND, "should fail if no capacity range is given", needs="EXPAND_VOLUME")
def _(node):
    ident = node.create("pvc-1").volume_id
    assert node.driver.refused("ControllerExpandVolume", volume_id=ident).code == "INVALID_ARGUMENT"


@spec(EXPAND, "should work", needs="EXPAND_VOLUME")
def _(node):
    ident = node.create("pvc-1", size=16 * MIB).volume_id
    for _ in range(5):
        reply = node.driver.call("ControllerExpandVolume", volume_id=ident, volume_capability=capability(),
                                 capacity_range={"required_bytes": 48 * MIB})  # fmt: skip
        assert reply.capacity_bytes == 48 * MIB and not reply.node_expansion_required
    assert node.records()["pvc-1"]["quota"] == 48 * MIB


def modify(node, volume, mutable):
    node.driver.call("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters=mutable)


def refuses_unknown(node, volume):
    refused = node.driver.refused("ControllerModifyVolume", volume_id=volume.volume_id, mutable_parameters=UNKNOWN)
    assert refused.code == "INVALID_ARGUMENT" and "XXX_FakeKey" in refused.text


@spec(MODIFY, "should fail if specified mutable parameters are not supported by the volume", needs=MODIFIES)
def _(node):
    refuses_unknown(node, node.create("pvc-1"))


@spec(MODIFY, "should fail to modify a volume created with a volume attribute class if new mutable parameters are not "
      "supported by volume", needs=MODIFIES)  # fmt: skip
def _(node):
    refuses_unknown(node, node.create("pvc-1", mutable_parameters={"readOnly": "true"}))


@spec(MODIFY, "should modify a volume created without a volume attribute class", needs=MODIFIES)
def _(node):
    volume = node.create("pvc-1")
    modify(node, volume, {})
    for _ in range(3):
        modify(node, volume, {"readOnly": "true"})
    assert node.records()["pvc-1"]["frozen"] is True


@spec(MODIFY, "should modify a volume created with a volume attribute class", needs=MODIFIES)
def _(node):
    volume = node.create("pvc-1", mutable_parameters={"readOnly": "true"})
    modify(node, volume, {"readOnly": "false"})
    assert node.records()["pvc-1"]["frozen"] is False


@spec(CONTROLLER, "CreateVolume should create volume with a volume attribute class", needs=MODIFIES)
def _(node):
    node.create("pvc-1", mutable_parameters={"readOnly": "true"})
    assert node.records()["pvc-1"]["frozen"] is True


# A volume is on its node already: there is nothing to attach (docs: attachRequired is false).
unwanted(CONTROLLER, "PUBLISH_UNPUBLISH_VOLUME",
         "ControllerPublishVolume should fail when no volume id is provided",
         "ControllerPublishVolume should fail when no node id is provided",
         "ControllerPublishVolume should fail when no volume capability is provided",
         "ControllerPublishVolume should fail when publishing more volumes than the node max attach limit",
         "ControllerPublishVolume should fail when the volume does not exist",
         "ControllerPublishVolume should fail when the node does not exist",
         "ControllerPublishVolume should fail when the volume is already published but is incompatible",
         "volume lifecycle should work", "volume lifecycle should be idempotent",
         "ControllerUnpublishVolume should fail when no volume id is provided")  # fmt: skip
# Snapshots of several volumes at one moment.
GROUPS = "GroupController Service [GroupController VolumeGroupSnapshots]"
unwanted(GROUPS, "GROUP_CONTROLLER_SERVICE",
         "CreateVolumeGroupSnapshot should fail when no name is provided",
         "GetVolumeGroupSnapshot should fail when no volume id is provided",
         "GetVolumeGroupSnapshot should fail when an invalid volume id is used",
         "DeleteVolumeGroupSnapshot should fail when no volume id is provided",
         "DeleteVolumeGroupSnapshot should succeed when an invalid volume id is used")  # fmt: skip
unwanted("GroupController Service [GroupController Server]", "GROUP_CONTROLLER_SERVICE",
         "GroupControllerGetCapabilities should return appropriate capabilities")  # fmt: skip
