"""`vineyard.csi` in volumes, as a pod gets them mounted."""

import numpy as np
import pytest
import vineyard

from volumes import Volume

MEGABYTE = 1 << 20


def test_given_a_volume_when_a_path_is_written_again_then_readers_keep_what_they_have(store):
    volume = Volume(store, "steps", quota=64 * MEGABYTE)
    path = f"{volume.directory}/out/model"
    former = []
    for number in range(8):
        # Twelve megabytes each: more than the volume's quota in all.
        vineyard.csi.write({"weights": np.full(12 * MEGABYTE, number, np.uint8)}, path)
        former = [*former[-1:], vineyard.csi.read(path)["weights"]]
    assert [set(one[:: MEGABYTE // 2].tolist()) for one in former] == [{6}, {7}]
    del former
    assert volume.record["objects"] == 1
    assert volume.delete()


def test_given_a_read_only_volume_when_read_then_it_works_and_when_written_then_it_is_refused(store):
    volume = Volume(store, "inputs")
    vineyard.csi.write(np.arange(1000), f"{volume.directory}/x")
    with vineyard.connect(volume.read_only) as reader:
        assert reader.get(name=f"{volume.directory}/x").sum() == 499500
        with pytest.raises(vineyard.NotImplementedException):
            reader.put(1)
    volume.delete()


def test_given_a_value_that_does_not_fit_when_written_then_nothing_of_it_stays(store):
    volume = Volume(store, "small", quota=4 * MEGABYTE)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": np.zeros(MEGABYTE // 8), "b": np.zeros(MEGABYTE // 8)})
    with pytest.raises(vineyard.NotEnoughMemoryException, match="small"):
        vineyard.csi.write(pandas.concat([frame] * 4), f"{volume.directory}/frame")
    assert volume.record["used"] == 0
    vineyard.csi.write(frame, f"{volume.directory}/frame")
    assert vineyard.csi.read(f"{volume.directory}/frame").equals(frame)
    volume.delete()
