"""A path that is written again, and a write that fails half-way, in a volume."""

import numpy as np
import pandas as pd
import pytest
import vineyard
import vineyard.csi

from peer import Peer, PeerError
from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20


@pytest.fixture
def open_volume(start_daemon):
    daemon = start_daemon(size="256M")
    return lambda ident, **settings: Volume(daemon, ident, quota=200 * MIB, **settings)


def test_given_a_path_when_it_is_written_again_and_again_then_it_always_fits(open_volume):
    volume = open_volume("v")
    for value in range(6):
        vineyard.csi.write(np.full(60 * MIB, value, "u1"), volume.path("x"))
        assert volume.record["used"] == 60 * MIB and volume.record["objects"] == 1
    assert vineyard.csi.read(volume.path("x"))[-1] == 5


def test_given_overwrite_keep_when_a_path_is_written_again_then_the_former_version_stays(open_volume):
    volume = open_volume("v", overwrite="keep")
    client = volume.connect()
    first = client.put(np.zeros(60 * MIB, "u1"), persist=True, name="x")
    client.put(np.ones(60 * MIB, "u1"), persist=True, name="x")
    assert client.exists(first) and volume.record["used"] == 120 * MIB


def test_given_a_program_when_it_writes_what_it_read_to_the_same_path_then_its_view_is_as_it_was(open_volume):
    volume = open_volume("v")
    with Peer() as step:
        step.run("vineyard.csi.write(np.arange(1_000_000), path)", path=volume.path("x"))
        for _ in range(5):
            step.run("x = vineyard.csi.read(path); before = x.copy()", path=volume.path("x"))
            step.run("vineyard.csi.write(x + 1, path)", path=volume.path("x"))
            step.run("vineyard.csi.write(np.zeros(1_000_000), other)", other=volume.path("other"))
            assert step.run("bool((x == before).all())")


def test_given_views_of_former_versions_when_the_store_is_full_then_the_refusal_names_their_process(open_volume):
    volume = open_volume("v")
    with Peer() as step:
        with pytest.raises(PeerError) as refusal:
            step.run(
                """
                views = []
                for value in range(10):
                    vineyard.csi.write(np.full(40 << 20, value, 'u1'), path)
                    views.append(vineyard.csi.read(path))
                """,
                path=volume.path("x"),
            )
        assert f"pid {step.run('os.getpid()')}, which asks: " in str(refusal.value)
        assert step.run("[int(view[0]) for view in views]") == list(range(step.run("len(views)")))


def test_given_another_name_or_a_parent_when_a_path_is_written_again_then_the_former_version_stays(open_volume):
    volume = open_volume("v")
    client = volume.connect()
    first = client.put(np.arange(1000), persist=True, name="x")
    client.put_name(first, "alias")
    client.put(np.arange(2000), persist=True, name="x")
    assert client.get(name="alias").shape == (1000,)
    client.drop_name("alias")
    assert not client.exists(first)


def test_given_the_root_session_when_a_name_is_given_to_another_then_both_objects_stay(start_daemon):
    daemon = start_daemon(size="64M")
    with Peer(daemon.socket) as program:
        program.run("first = client.put(np.arange(1000), persist=True, name='x')")
        program.run("second = client.put(np.arange(2000), persist=True, name='x')")
        assert program.run("client.exists(first)")


def test_given_a_store_told_to_delete_when_a_name_is_given_to_another_then_the_former_object_goes(start_daemon):
    daemon = start_daemon(size="64M", flags=("--overwrite", "delete"))
    with Peer(daemon.socket) as program:
        program.run("first = client.put(np.arange(1000), persist=True, name='x')")
        program.run("second = client.put(np.arange(2000), persist=True, name='x')")
        assert not program.run("client.exists(first)")


def wide_frame(columns):
    return pd.DataFrame({f"c{number}": np.zeros(MIB) + number for number in range(columns)})


def test_given_a_wide_frame_that_does_not_fit_when_a_smaller_one_is_written_then_it_has_the_room(open_volume):
    volume = open_volume("v")
    with pytest.raises(vineyard.NotEnoughMemoryException):
        vineyard.csi.write(wide_frame(30), volume.path("x"))
    vineyard.csi.write(wide_frame(20), volume.path("x"))
    assert vineyard.csi.read(volume.path("x")).shape == (MIB, 20)


def test_given_a_wide_frame_that_does_not_fit_when_its_writer_ends_then_its_columns_go(open_volume):
    volume = open_volume("v")
    with Peer() as step:
        step.run("vineyard.csi.write(np.arange(1000), path)", path=volume.path("small"))
        with pytest.raises(PeerError, match="NotEnoughMemory"):
            step.run(
                "vineyard.csi.write(pd.DataFrame({f'c{i}': np.zeros(1 << 20) + i for i in range(30)}), path)",
                path=volume.path("x"),
            )
    eventually(lambda: volume.record["used"] == 8000, lambda: f"only the small array is left: {volume.record}")
    assert vineyard.csi.read(volume.path("small")).sum() == 499500
