"""CreateVolume, DeleteVolume and ValidateVolumeCapabilities."""

from harness.node import MIB, capability, parameters
from sanity.table import CONTROLLER, refusal, spec

ANY = [capability()]
LONGEST_NAME = 128

refusal(CONTROLLER, "CreateVolume should fail when no name is provided", "INVALID_ARGUMENT", "CreateVolume",
        parameters=parameters(), volume_capabilities=ANY)  # fmt: skip
refusal(CONTROLLER, "CreateVolume should fail when no volume capabilities are provided", "INVALID_ARGUMENT",
        "CreateVolume", name="pvc-1", parameters=parameters())  # fmt: skip
refusal(CONTROLLER, "DeleteVolume should fail when no volume id is provided", "INVALID_ARGUMENT", "DeleteVolume")
refusal(CONTROLLER, "ValidateVolumeCapabilities should fail when no volume id is provided", "INVALID_ARGUMENT",
        "ValidateVolumeCapabilities", volume_capabilities=ANY)  # fmt: skip
refusal(CONTROLLER, "ValidateVolumeCapabilities should fail when the requested volume does not exist", "NOT_FOUND",
        "ValidateVolumeCapabilities", volume_id="no-such-volume", volume_capabilities=ANY)  # fmt: skip


@spec(CONTROLLER, "CreateVolume should return appropriate values SingleNodeWriter NoCapacity")
def _(node):
    volume = node.create("pvc-1", size=None)
    assert volume.volume_id and volume.capacity_bytes == 0
    assert node.records()["pvc-1"]["quota"] == 0


@spec(CONTROLLER, "CreateVolume should return appropriate values SingleNodeWriter WithCapacity 1Gi")
def _(node):
    node.store.discard()
    node.start_store(size="2G")
    assert node.create("pvc-1", size=1024 * MIB).capacity_bytes == 1024 * MIB


@spec(CONTROLLER, "CreateVolume should not fail when requesting to create a volume with already existing name and "
      "same capacity")  # fmt: skip
def _(node):
    first = node.create("pvc-1")
    assert all(node.create("pvc-1") == first for _ in range(10))
    assert list(node.records()) == ["pvc-1"]


@spec(CONTROLLER, "CreateVolume should fail when requesting to create a volume with already existing name and "
      "different capacity")  # fmt: skip
def _(node):
    def exactly(size):
        return {"required_bytes": size, "limit_bytes": size}

    assert node.create("pvc-1", capacity_range=exactly(16 * MIB)).capacity_bytes == 16 * MIB
    refused = node.driver.refused("CreateVolume", name="pvc-1", capacity_range=exactly(32 * MIB),
                                  parameters=parameters(), volume_capabilities=ANY)  # fmt: skip
    assert refused.code == "ALREADY_EXISTS"


@spec(CONTROLLER, "CreateVolume should not fail when creating volume with maximum-length name")
def _(node):
    name = "pvc-" + "x" * (LONGEST_NAME - 4)
    volume = node.create(name)
    assert volume.capacity_bytes == 32 * MIB and len(volume.volume_id) <= 128
    assert node.create(name).volume_id == volume.volume_id
    assert node.create(name[:-1] + "y").volume_id != volume.volume_id


@spec(CONTROLLER, "DeleteVolume should succeed when an invalid volume id is used")
def _(node):
    for ident in ("no-such-volume", "../../etc", "a/b", "a//b", "Ä/ö/ü", "x" * 300):
        node.driver.call("DeleteVolume", volume_id=ident)


@spec(CONTROLLER, "DeleteVolume should return appropriate values (no optional values added)")
def _(node):
    volume = node.create("pvc-1")
    for _ in range(10):
        node.delete(volume)
    assert node.records() == {}


@spec(CONTROLLER, "ValidateVolumeCapabilities should fail when no volume capabilities are provided")
def _(node):
    ident = node.create("pvc-1").volume_id
    assert node.driver.refused("ValidateVolumeCapabilities", volume_id=ident).code == "INVALID_ARGUMENT"


@spec(CONTROLLER, "ValidateVolumeCapabilities should return appropriate values (no optional values added)")
def _(node):
    ident = node.create("pvc-1").volume_id
    reply = node.driver.call("ValidateVolumeCapabilities", volume_id=ident, volume_capabilities=ANY)
    assert len(reply.confirmed.volume_capabilities) == 1
    block = [{"block": {}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}]
    reply = node.driver.call("ValidateVolumeCapabilities", volume_id=ident, volume_capabilities=block)
    assert not reply.HasField("confirmed") and reply.message
