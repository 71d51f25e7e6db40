"""Every specification of csi-sanity, under its name there, on a fresh driver and a fresh store."""

import pytest

import sanity.changes
import sanity.identity
import sanity.lists
import sanity.node
import sanity.snapshots
import sanity.sources
import sanity.volumes  # noqa: F401
from harness.protocol import messages
from sanity.table import SPECS

# What csi-sanity 5.5 has, a disabled one included.
COUNT = 96


def advertised(driver):
    """The names of all capabilities; those of the node half that both halves have begin with `node`."""
    of_controller = messages.ControllerServiceCapability.RPC.Type.Name
    of_node = messages.NodeServiceCapability.RPC.Type.Name
    names = {of_controller(found.rpc.type) for found in driver.call("ControllerGetCapabilities").capabilities}
    for found in driver.call("NodeGetCapabilities").capabilities:
        names |= {of_node(found.rpc.type), f"node {of_node(found.rpc.type)}"}
    for found in driver.call("GetPluginCapabilities").capabilities:
        names |= {messages.PluginCapability.Service.Type.Name(found.service.type)}
    return names


@pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])
def test_sanity(spec, node):
    if spec.needs and spec.needs not in advertised(node.driver):
        pytest.skip(f"{spec.needs} is not advertised")
    spec.check(node)


def test_given_the_table_when_counted_then_no_specification_is_missing():
    assert len({spec.name for spec in SPECS}) == len(SPECS) == COUNT
