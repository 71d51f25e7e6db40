"""Volumes with the released client: each a store of its own with a limit, over the same memory."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
import vineyard
import vineyard.csi

from peer import Peer, PeerError
from volumes import Volume
from waiting import PATIENCE, eventually

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20
NOBODY = 65534


@pytest.fixture
def open_volume(store, client):
    """Opens volumes that are deleted at the end of the test."""
    volumes = []

    def open_(ident, **settings):
        volumes.append(Volume(store, ident, **settings))
        return volumes[-1]

    yield open_
    client.clear()
    for volume in volumes:
        volume.delete()
    eventually(lambda: client.status.memory_usage == 0, "all bytes are free")


@pytest.fixture
def volume(open_volume):
    return open_volume("v", quota=32 * MIB)


def test_given_a_volume_when_written_by_one_step_then_the_next_reads_it(volume):
    array = np.random.default_rng(1).standard_normal((300, 400))
    vineyard.csi.write(array, volume.path("model/weights"))
    with Peer() as step:
        read = step.run("vineyard.csi.read(path).tobytes().hex()", path=volume.path("model/weights"))
    assert bytes.fromhex(read) == array.tobytes()
    record = volume.record
    assert record["used"] >= array.nbytes and record["objects"] >= 1 and record["names"] == 1
    assert record["condition"] == {"abnormal": False, "message": ""}


def test_given_an_unprivileged_user_when_it_uses_the_directory_it_was_given_then_it_writes_and_reads(volume):
    with Peer() as step:
        # The directories above are closed to everybody; a pod gets this one mounted.
        step.run("os.chdir(directory)", directory=str(volume.directory))
        step.run("os.setgroups([]); os.setgid(user); os.setuid(user)", user=NOBODY)
        step.run("client = vineyard.connect('vineyard.sock')")
        step.run("ident = client.put(np.arange(1000), persist=True, name='numbers')")
        assert step.run("os.getuid(), int(client.get(name='numbers').sum())") == [NOBODY, 499500]
        with pytest.raises(PeerError):
            step.run("os.listdir('..')")
    assert volume.connect().get(name="numbers").sum() == 499500


def test_given_two_volumes_when_the_same_names_are_written_then_they_do_not_meet(open_volume, client):
    first, second = open_volume("a"), open_volume("b")
    one, other = first.connect(), second.connect()
    one.put({"of": "a"}, persist=True, name="result")
    other.put({"of": "b"}, persist=True, name="result")
    assert one.get(name="result") == {"of": "a"} and other.get(name="result") == {"of": "b"}
    assert list(client.list_names("*")) == []
    foreign = one.get_name("result")
    for outsider in (other, client):
        assert not outsider.exists(foreign)
        with pytest.raises(vineyard.ObjectNotExistsException):
            outsider.get(foreign)


def test_given_a_quota_when_exceeded_then_the_message_says_which_how_much_and_what_to_do(volume):
    client = volume.connect()
    client.put(np.zeros(24 * MIB, "u1"), persist=True, name="big")
    with pytest.raises(vineyard.NotEnoughMemoryException) as refusal:
        client.put(np.zeros(16 * MIB, "u1"))
    told = str(refusal.value)
    for part in ("volume 'v'", str(32 * MIB), str(volume.record["used"]), "'big'", "expand the volume's claim"):
        assert part in told
    assert volume.record["condition"]["abnormal"]
    client.delete(client.get_name("big"), deep=True)
    assert not volume.record["condition"]["abnormal"]
    client.put(np.zeros(16 * MIB, "u1"))


def test_given_a_volume_when_a_client_asks_for_the_state_then_it_is_the_volumes(volume):
    client = volume.connect()
    client.put(np.zeros(MIB, "u1"))
    assert client.status.memory_limit == 32 * MIB
    assert client.status.memory_usage == volume.record["used"] >= MIB


def test_given_a_read_only_socket_when_used_then_reading_works_and_writing_is_refused(volume):
    writer = volume.connect()
    ident = writer.put(np.arange(1000), persist=True, name="numbers")
    with Peer(volume.read_only) as reader:
        assert reader.run("int(client.get(name='numbers').sum())") == 499500
        for attempt in (
            "client.put(1)",
            "client.drop_name('numbers')",
            "client.delete(client.get_name('numbers'))",
            "client.create_blob(10)",
            "client.clear()",
        ):
            with pytest.raises(PeerError, match="read-only"):
                reader.run(attempt)
    assert writer.exists(ident)


def test_given_a_client_that_still_maps_an_object_when_the_volume_is_deleted_then_all_bytes_are_free(
    open_volume, client
):
    volume = open_volume("doomed")
    with Peer(volume.socket) as reader:
        reader.run("view = client.get(client.put(np.full(1 << 20, 7, 'u1')))")
        assert volume.delete()
        assert client.status.memory_usage == 0
        assert not os.path.exists(volume.directory)
        for value in range(20):
            client.put(np.full(10 * MIB, value, "u1"))
            client.clear()
        with pytest.raises(PeerError):
            reader.run("client.put(1)")
        # What it sees is gone, too, and that never looks like data.
        reader.begin("int(view.sum(dtype='int64'))")
        assert reader.process.wait(PATIENCE) == -signal.SIGBUS


def test_given_a_volume_when_deleted_twice_then_the_second_time_there_is_none(open_volume):
    volume = open_volume("once")
    assert volume.delete() is True
    assert volume.delete() is False


# Scope cluster: the original's shared store, with the volume paying


@pytest.fixture
def shared(open_volume):
    return open_volume("shared", scope="cluster", quota=8 * MIB)


def test_given_scope_cluster_when_written_through_the_volume_then_everybody_reads_it_and_the_volume_pays(
    shared, client
):
    through = shared.connect()
    through.put(np.arange(100_000), persist=True, name="ours")
    client.put({"from": "outside"}, persist=True, name="theirs")
    assert client.get(name="ours").sum() == 4999950000
    assert through.get(name="theirs") == {"from": "outside"}
    record = shared.record
    assert record["used"] >= 800_000 and record["names"] == 1
    with pytest.raises(vineyard.NotEnoughMemoryException, match="volume 'shared'"):
        through.put(np.zeros(8 * MIB, "u1"))
    client.put(np.zeros(16 * MIB, "u1"))


def test_given_scope_cluster_when_cleared_or_deleted_then_only_what_came_through_it_goes(shared, client):
    through = shared.connect()
    theirs = client.put({"a": 1}, persist=True, name="theirs")
    through.put(np.zeros(1000), persist=True, name="ours")
    through.clear()
    assert shared.record["used"] == 0 and list(client.list_names("*")) == ["theirs"]
    through.put(np.zeros(1000), persist=True, name="again")
    assert shared.delete()
    assert list(client.list_names("*")) == ["theirs"] and client.get(theirs) == {"a": 1}


@pytest.mark.parametrize("scope", ["volume", "cluster"])
def test_given_on_delete_retain_when_deleted_then_objects_stay_under_the_names_of_the_store(open_volume, client, scope):
    volume = open_volume("kept", scope=scope, on_delete="retain")
    value = {"a": np.arange(10_000), "b": pd.DataFrame({"x": [1, 2]})}
    volume.connect().put(value, persist=True, name="result")
    assert volume.delete()
    read = client.get(name="result")
    np.testing.assert_array_equal(read["a"], value["a"])
    pd.testing.assert_frame_equal(read["b"], value["b"])
    client.delete(client.get_name("result"), deep=True)


# Snapshots and clones


def test_given_a_snapshot_when_the_volume_changes_then_a_volume_made_of_it_has_the_old_state(
    volume, open_volume, client
):
    writer = volume.connect()
    writer.put(np.full(4 * MIB, 1, "u1"), persist=True, name="state")
    before = client.status.memory_usage
    assert volume.ask("create_snapshot_request", source="v")["volume"]["kind"] == "snapshot"
    writer.delete(writer.get_name("state"), deep=True)
    writer.put(np.full(4 * MIB, 2, "u1"), persist=True, name="state")
    restored = open_volume("restored", source={"kind": "snapshot", "id": "v"})
    assert restored.connect().get(name="state").sum() == 4 * MIB
    assert writer.get(name="state").sum() == 8 * MIB
    assert client.status.memory_usage < 2.1 * before
    assert volume.ask("delete_snapshot_request")["deleted"]


def test_given_a_clone_when_both_are_changed_then_they_share_nothing_but_the_past(volume, open_volume):
    original = volume.connect()
    original.put([1, 2, 3], persist=True, name="list")
    clone = open_volume("clone", source={"kind": "volume", "id": "v"}).connect()
    clone.put({"new": True}, persist=True, name="dict")
    original.drop_name("list")
    assert list(clone.get(name="list")) == [1, 2, 3]
    assert list(original.list_names("*")) == [] and set(clone.list_names("*")) == {"list", "dict"}
    assert volume.delete()
    assert list(clone.get(name="list")) == [1, 2, 3]


def test_given_a_volume_of_a_full_store_when_written_then_it_is_told_and_shows_it(start_daemon):
    daemon = start_daemon(size="16M")
    volume = Volume(daemon, "v")
    with daemon.wire() as main:
        main.new_blob(12 * MIB)
        with pytest.raises(vineyard.NotEnoughMemoryException):
            volume.connect().put(np.zeros(8 * MIB, "u1"))
        assert volume.record["condition"]["abnormal"]


def test_given_a_frozen_volume_when_written_then_it_is_refused_until_it_thaws(volume):
    client = volume.connect()
    client.put("old", persist=True, name="value")
    volume.ask("freeze_volume_request", frozen=True)
    with pytest.raises(vineyard.NotImplementedException, match="volume 'v' is read-only"):
        client.put("new")
    assert client.get(name="value") == "old"
    volume.ask("freeze_volume_request", frozen=False)
    client.put("new")


def test_given_a_second_connection_when_forked_from_a_client_of_a_volume_then_it_is_in_the_volume(volume):
    client = volume.connect()
    client.put(5, persist=True, name="five")
    assert client.ipc_client.fork().get_name("five") == client.get_name("five")


def test_given_a_request_that_waits_in_one_volume_when_others_ask_then_they_are_not_told_of_it(open_volume, store):
    ours, theirs = open_volume("ours"), open_volume("theirs")

    def waiting(wire):
        return wire.ask("instance_status_request")["meta"]["deferred_requests"]

    with ours.wire() as parked, ours.wire() as our, theirs.wire() as their, store.wire() as main:
        parked.send("get_name_request", name="nothing has it", wait=True)
        eventually(lambda: waiting(our) == 1, "the request waits")
        assert (waiting(main), waiting(their)) == (1, 0)
    with ours.wire() as our:
        eventually(lambda: waiting(our) == 0, "nobody waits any more")
