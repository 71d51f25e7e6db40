"""The Identity service."""

import re

from harness.protocol import messages
from sanity.table import spec

GROUP = "Identity Service"


@spec(GROUP, "GetPluginCapabilities should return appropriate capabilities")
def _(node):
    found = node.driver.call("GetPluginCapabilities").capabilities
    assert found
    for capability in found:
        kind = capability.WhichOneof("type")
        assert kind in ("service", "volume_expansion")
        enum = messages.PluginCapability.Service if kind == "service" else messages.PluginCapability.VolumeExpansion
        assert enum.Type.Name(getattr(capability, kind).type) != "UNKNOWN"


@spec(GROUP, "Probe should return appropriate information")
def _(node):
    reply = node.driver.call("Probe")
    assert reply.HasField("ready") and reply.ready.value


@spec(GROUP, "GetPluginInfo should return appropriate information")
def _(node):
    name = node.driver.call("GetPluginInfo").name
    # CSI specification, GetPluginInfo: a domain name of at most 63 characters.
    assert len(name) <= 63 and re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name)
