"""Volumes with the released client: each a store of its own with a limit, over the same memory."""

import os

import numpy as np
import pytest
import vineyard
import vineyard.csi

from peer import Peer, PeerError
from volumes import Volume
from waiting import eventually

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
        assert reader.run("int(view.sum(dtype='int64'))") == 7 * MIB
        with pytest.raises(PeerError):
            reader.run("client.put(1)")


def test_given_a_volume_when_deleted_twice_then_the_second_time_there_is_none(open_volume):
    volume = open_volume("once")
    assert volume.delete() is True
    assert volume.delete() is False
