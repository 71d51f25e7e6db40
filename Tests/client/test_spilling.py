"""With `--spill_path`, blobs nobody refers to make room on disk and come back when read."""

import os
import struct

import numpy as np
import pytest
import vineyard

from peer import Peer
from waiting import eventually

MIB = 1 << 20


@pytest.fixture
def spilling(start_daemon, tmp_path):
    """A store of 16 MiB that spills from 80 % of its limit down to 30 %."""
    directory = tmp_path / "spill"
    directory.mkdir()
    daemon = start_daemon(size="16M", flags=["--spill_path", str(directory)])
    daemon.spill_directory = directory
    return daemon


def cold_arrays(daemon, count):
    """3 MiB arrays put by a process that is gone; array n consists of the number n."""
    with Peer(daemon.socket) as writer:
        idents = writer.run(
            "[int(client.put(np.full(size, value, 'uint8'))) for value in range(count)]", size=3 * MIB, count=count
        )
        writer.leave()
    with daemon.wire() as wire:
        eventually(
            lambda: wire.ask("instance_status_request")["meta"]["ipc_connections"] == 1, "the writer is disconnected"
        )
    return [vineyard.ObjectID(ident) for ident in idents]


def test_given_cold_blobs_when_the_upper_rate_is_passed_then_they_are_spilled(spilling):
    cold_arrays(spilling, 4)
    with spilling.wire() as wire:
        assert wire.memory_usage() == 12 * MIB
        wire.new_blob(3 * MIB)
        assert wire.memory_usage() == 3 * MIB
    assert len(os.listdir(spilling.spill_directory)) == 4


def test_given_spilled_blobs_when_looked_at_then_each_file_has_id_size_and_bytes(spilling):
    idents = cold_arrays(spilling, 4)
    with spilling.wire() as wire:
        wire.new_blob(3 * MIB)
        blobs = [int(tree["buffer_"]["id"][1:], 16) for tree in wire.content(*map(int, idents)).values()]
        for blob in blobs:
            assert wire.ask("is_spilled_request", id=blob)["is_spilled"] is True
            assert wire.exists(blob)
    for value, blob in enumerate(sorted(blobs)):
        content = (spilling.spill_directory / str(blob)).read_bytes()
        assert struct.unpack("<QQ", content[:16]) == (blob, 3 * MIB)
        assert content[16:] == bytes([value]) * (3 * MIB)


def test_given_a_spilled_array_when_read_then_it_is_intact_and_its_file_is_gone(spilling):
    idents = cold_arrays(spilling, 4)
    client = vineyard.connect(spilling.socket)
    client.create_blob(3 * MIB)
    assert len(os.listdir(spilling.spill_directory)) == 4
    np.testing.assert_array_equal(client.get(idents[2]), np.full(3 * MIB, 2, "uint8"))
    assert len(os.listdir(spilling.spill_directory)) == 3
    client.close()


def test_given_spilled_arrays_when_deleted_then_their_files_are_gone(spilling):
    idents = cold_arrays(spilling, 4)
    client = vineyard.connect(spilling.socket)
    kept = client.create_blob(3 * MIB)
    client.delete(idents)
    assert os.listdir(spilling.spill_directory) == []
    assert client.status.memory_usage == kept.size
    client.close()


def test_given_blobs_in_use_when_memory_is_short_then_they_are_not_spilled(spilling):
    client = vineyard.connect(spilling.socket)
    for value in range(5):
        client.put(np.full(3 * MIB, value, "uint8"))
    with pytest.raises(vineyard.NotEnoughMemoryException):
        client.create_blob(3 * MIB)
    assert os.listdir(spilling.spill_directory) == []
    client.close()


@pytest.mark.beyond_original
def test_given_more_data_than_memory_when_everything_is_read_by_turns_then_nothing_is_lost(spilling):
    idents = cold_arrays(spilling, 4) + cold_arrays(spilling, 4) + cold_arrays(spilling, 4)
    for position in (0, 11, 5, 3, 8, 1, 10, 2, 9, 4, 7, 6):
        with Peer(spilling.socket) as reader:
            values = reader.run(
                "a = client.get(vineyard.ObjectID(ident)); [int(a.min()), int(a.max()), len(a)]",
                ident=int(idents[position]),
            )
            reader.leave()
        assert values == [position % 4, position % 4, 3 * MIB]


@pytest.mark.beyond_original
def test_given_a_cold_object_when_evicted_and_loaded_then_it_goes_to_disk_and_comes_back(spilling):
    [ident] = cold_arrays(spilling, 1)
    client = vineyard.connect(spilling.socket)
    client.evict([ident])
    assert len(os.listdir(spilling.spill_directory)) == 1
    assert client.status.memory_usage == 0
    client.load([ident])
    assert os.listdir(spilling.spill_directory) == []
    assert client.status.memory_usage == 3 * MIB
    assert int(client.get(ident).sum()) == 0
    client.close()


@pytest.mark.beyond_original
def test_given_a_pinned_object_when_memory_is_short_then_others_are_spilled_instead(spilling):
    idents = cold_arrays(spilling, 4)
    with spilling.wire() as wire:
        blobs = [int(tree["buffer_"]["id"][1:], 16) for tree in wire.content(*map(int, idents)).values()]
        wire.ask("load_request", ids=[blobs[0]], pin=True)
        wire.new_blob(MIB)
        spilled = [wire.ask("is_spilled_request", id=blob)["is_spilled"] for blob in blobs]
        assert spilled == [False, True, True, True]


def test_given_a_spill_directory_when_the_daemon_stops_then_it_is_removed(spilling):
    cold_arrays(spilling, 4)
    with spilling.wire() as wire:
        wire.new_blob(3 * MIB)
    spilling.stop()
    assert not spilling.spill_directory.exists() or os.listdir(spilling.spill_directory) == []
