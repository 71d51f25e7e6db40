"""`vineyard.csi.write` in one process, `vineyard.csi.read` in another, as pipeline steps do it."""

import numpy as np
import pandas as pd
import pytest
import vineyard
import vineyard.csi

from peer import Peer, PeerError


@pytest.fixture
def volume(store, client):
    """The directory a pod sees as its volume; the daemon's socket is in it."""
    return store.directory


@pytest.fixture
def step(volume):
    """A later step of the pipeline: a process that knows nothing but the path."""
    with Peer() as process:
        yield process


PATHS = ["model", "run-1/model", "a/b/c/d/e/f/g/model", "with space/ünïcode/100%~~", "dots.in/the.name.pkl"]


@pytest.mark.parametrize("path", PATHS)
def test_given_a_path_of_any_depth_when_written_then_another_process_reads_the_value(volume, step, path):
    value = {"weights": [1, 2, 3], "path": path}
    vineyard.csi.write(value, str(volume / path))
    assert step.run("vineyard.csi.read(path)", path=str(volume / path)) == value


def test_given_a_value_when_written_then_it_is_persistent_and_named_by_its_path(client, volume):
    path = str(volume / "named")
    vineyard.csi.write(np.arange(3), path)
    assert list(client.list_names("*")) == [path]
    assert client.get_object(client.get_name(path)).ispersist


def test_given_an_array_when_written_by_one_step_then_the_next_reads_it_bit_for_bit(volume, step):
    array = np.random.default_rng(1).standard_normal((300, 400))
    vineyard.csi.write(array, str(volume / "array"))
    read = step.run("vineyard.csi.read(path).tobytes().hex()", path=str(volume / "array"))
    assert bytes.fromhex(read) == array.tobytes()


def test_given_a_frame_when_written_by_a_step_then_it_is_read_here(volume, step):
    step.run(
        "vineyard.csi.write(pd.DataFrame({'a': [1, 2, 3], 'b': [0.5, 1.5, 2.5]}), path)",
        path=str(volume / "frame"),
    )
    expected = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    pd.testing.assert_frame_equal(vineyard.csi.read(str(volume / "frame")), expected)


def test_given_a_path_when_written_again_then_readers_get_the_newest_value(volume, step):
    path = str(volume / "rewritten")
    for round_ in range(5):
        vineyard.csi.write({"round": round_}, path)
        assert step.run("vineyard.csi.read(path)", path=path) == {"round": round_}


def test_given_a_path_written_by_two_processes_when_read_then_the_last_writer_wins(volume, step):
    path = str(volume / "contested")
    vineyard.csi.write("mine", path)
    step.run("vineyard.csi.write('theirs', path)", path=path)
    assert vineyard.csi.read(path) == "theirs"
    vineyard.csi.write("mine again", path)
    assert step.run("vineyard.csi.read(path)", path=path) == "mine again"


def test_given_paths_that_share_a_prefix_when_written_then_they_do_not_meet(volume, step):
    paths = [str(volume / name) for name in ("a", "a/b", "a/b/c", "ab", "a~b", "a~1b")]
    for path in paths:
        vineyard.csi.write(path, path)
    assert step.run("[vineyard.csi.read(path) for path in paths]", paths=paths) == paths


def test_given_a_path_never_written_when_read_then_object_not_exists_is_raised(volume, step):
    with pytest.raises(vineyard.ObjectNotExistsException, match="failed to find name"):
        vineyard.csi.read(str(volume / "missing"))
    with pytest.raises(PeerError) as caught:
        step.run("vineyard.csi.read(path)", path=str(volume / "missing"))
    assert caught.value.kind == "ObjectNotExistsException"


def test_given_a_path_outside_any_volume_when_used_then_file_not_found_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError):
        vineyard.csi.read(str(tmp_path / "x"))
    with pytest.raises(FileNotFoundError):
        vineyard.csi.write(1, str(tmp_path / "x"))


def test_given_a_writer_that_has_ended_when_read_then_its_value_is_still_there(volume, step):
    step.run("vineyard.csi.write(np.arange(100_000), path)", path=str(volume / "left behind"))
    step.leave()
    np.testing.assert_array_equal(vineyard.csi.read(str(volume / "left behind")), np.arange(100_000))


def test_given_a_chain_of_steps_when_each_reads_the_previous_then_the_result_is_right(volume):
    vineyard.csi.write(np.ones(1000), str(volume / "step-0"))
    for number in range(1, 4):
        with Peer() as step:
            step.run(
                "vineyard.csi.write(vineyard.csi.read(source) * 2, target)",
                source=str(volume / f"step-{number - 1}"),
                target=str(volume / f"step-{number}"),
            )
            step.leave()
    np.testing.assert_array_equal(vineyard.csi.read(str(volume / "step-3")), np.full(1000, 8.0))
