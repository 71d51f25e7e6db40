"""Volumes published for reading: neither the file system nor the store takes a write."""

import pytest

from harness import mounts
from harness.pod import Pod
from peer import PeerError

WAYS = {
    "readonly": {"readonly": True},
    "access mode of one node": {"mode": "SINGLE_NODE_READER_ONLY"},
    "access mode of many nodes": {"mode": "MULTI_NODE_READER_ONLY"},
    "mount option": {"mount": {"mount_flags": ["ro"]}},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_given_a_volume_published_for_reading_then_a_client_reads_and_cannot_write(node, way):
    volume = node.create("pvc-1")
    with Pod(node.publish(volume, "writer"), node.directory / "data") as writer:
        writer.write("numbers", "np.arange(1000)")
        reading = node.publish(volume, "reader", **way)
        [mount] = mounts.at(reading)
        assert mount.is_read_only
        with Pod(reading, node.directory / "data", user=1000) as reader:
            assert reader.read("numbers", "int(value.sum())") == 499500
            for attempt in ("vineyard.csi.write(1, f'{volume}/more')", "open(f'{volume}/file', 'w')",
                            "os.unlink(f'{volume}/vineyard.sock')"):  # fmt: skip
                with pytest.raises(PeerError, match=r"(?i)read-only"):
                    reader.run(attempt)
            writer.write("later", "'still writable'")
            assert reader.read("later") == "still writable"


def test_given_a_volume_published_for_reading_when_published_for_writing_there_then_the_call_is_refused(node):
    volume = node.create("pvc-1")
    target = node.publish(volume, readonly=True)
    refused = node.driver.refused("NodePublishVolume", **node.publication(volume, target))
    assert refused.code == "ALREADY_EXISTS" and "read-only" in refused.text
    node.publish(volume, readonly=True)
    assert len(mounts.at(target)) == 1
    node.unpublish(volume, target)
    assert not target.exists()
