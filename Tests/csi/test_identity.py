"""Who the driver says it is, and whether it is ready."""

from harness.node import capability


def services(driver):
    return [found.service.type for found in driver.call("GetPluginCapabilities").capabilities if found.HasField("service")]


def test_given_a_driver_when_asked_who_it_is_then_it_has_the_names_that_classes_and_volumes_give(node):
    info = node.driver.call("GetPluginInfo")
    assert info.name == "csi.vineyard.v6d.io" and info.vendor_version
