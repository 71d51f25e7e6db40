"""Memory that a connected reader may still look at is not given to anyone else."""

import numpy as np
import pytest
import vineyard

from peer import Peer, PeerError
from waiting import eventually

MIB = 1 << 20
SUM = 6 * MIB * 7


@pytest.fixture(scope="module")
def store_options():
    return {"size": "16M"}


@pytest.fixture
def writer(store, client):
    """A process of its own, so that the test's own connection never sees the data."""
    with Peer(store.socket) as process:
        process.run(
            """
            def fill(value, size):
                return int(client.put(np.full(size, value, 'uint8')))

            def remove(ident):
                client.delete(vineyard.ObjectID(ident))
            """
        )
        yield process


@pytest.fixture
def view_of_a_deleted_object(writer, peer):
    """6 MiB of sevens, read by `peer`, then deleted by `writer`."""
    ident = writer.run("fill(7, size)", size=6 * MIB)
    peer.run("view = client.get(vineyard.ObjectID(ident))", ident=ident)
    writer.run("remove(ident)", ident=ident)
    return ident


def fits(client, size):
    """Whether a blob of this size can be created now; it is given back at once."""
    try:
        builder = client.create_blob(size)
    except vineyard.NotEnoughMemoryException:
        return False
    builder.abort(client.ipc_client)
    return True


@pytest.mark.beyond_original
def test_given_a_reader_when_the_object_is_deleted_and_others_are_written_then_its_view_is_intact(
    writer, peer, view_of_a_deleted_object
):
    for value in range(20):
        writer.run("remove(fill(value, size))", value=value, size=4 * MIB)
        assert peer.run("int(view.sum(dtype='int64'))") == SUM


@pytest.mark.beyond_original
def test_given_a_store_that_keeps_deleted_memory_when_a_writer_needs_all_of_it_then_the_view_is_intact(start_daemon):
    daemon = start_daemon(size="16M", flags=("--deleted_memory", "keep"))
    with Peer(daemon.socket) as writer, Peer(daemon.socket) as reader:
        ident = writer.run("int(client.put(np.full(size, 7, 'uint8')))", size=6 * MIB)
        reader.run("view = client.get(vineyard.ObjectID(ident))", ident=ident)
        writer.run("client.delete(vineyard.ObjectID(ident))", ident=ident)
        for size in (2 * MIB, 10 * MIB, 11 * MIB, 16 * MIB):
            writer.run(
                """
                try:
                    client.create_blob(size).copy(0, bytes([255]) * size)
                except vineyard.NotEnoughMemoryException:
                    pass
                client.clear()
                """,
                size=size,
            )
            assert reader.run("int(view.sum(dtype='int64'))") == SUM


@pytest.mark.beyond_original
def test_given_a_reader_when_the_store_is_cleared_and_refilled_then_its_view_is_intact(client, writer, peer):
    ident = writer.run("fill(7, size)", size=6 * MIB)
    peer.run("view = client.get(vineyard.ObjectID(ident))", ident=ident)
    client.clear()
    for value in range(10):
        writer.run("fill(value, size)", value=value, size=MIB)
    assert peer.run("int(view.sum(dtype='int64'))") == SUM


def test_given_a_reader_of_a_deleted_object_when_it_disconnects_then_the_whole_store_is_usable(
    client, writer, peer, view_of_a_deleted_object
):
    peer.leave()
    writer.leave()
    eventually(lambda: fits(client, 16 * MIB), "a blob of the size of the whole store")


def test_given_a_reader_of_a_deleted_object_when_it_is_killed_then_the_whole_store_is_usable(
    client, writer, peer, view_of_a_deleted_object
):
    peer.kill()
    writer.kill()
    eventually(lambda: fits(client, 16 * MIB), "a blob of the size of the whole store")


def test_given_a_deleted_object_still_viewed_when_asked_then_its_bytes_are_not_counted(
    client, view_of_a_deleted_object
):
    assert client.status.memory_usage == 0
    assert not client.exists(vineyard.ObjectID(view_of_a_deleted_object))


@pytest.mark.beyond_original
def test_given_a_store_that_keeps_deleted_memory_when_it_is_full_of_views_then_a_writer_is_told_whose_they_are(
    start_daemon,
):
    daemon = start_daemon(size="16M", flags=("--deleted_memory", "keep"))
    with Peer(daemon.socket) as hoarder, Peer(daemon.socket) as writer:
        for value in range(3):
            ident = writer.run("int(client.put(np.full(5 << 20, value, 'u1')))", value=value)
            hoarder.run("view = client.get(vineyard.ObjectID(ident))", ident=ident)
            writer.run("client.delete(vineyard.ObjectID(ident))", ident=ident)
        with pytest.raises(PeerError) as refusal:
            hoarder.run("client.put(np.zeros(5 << 20, 'u1'))")
        assert refusal.value.kind == "NotEnoughMemoryException"
        pid = hoarder.run("os.getpid()")
        assert f"still mapped by connected clients (pid {pid}, which asks: {15 << 20} bytes)" in str(refusal.value)
        assert hoarder.run("int(view[0]), int(view[-1])") == [2, 2]
        assert hoarder.run("client.memory_trim()") in (True, False)
        assert hoarder.run("client.put(np.zeros(15 << 20, 'u1')) is not None")


def test_given_a_view_when_the_daemon_is_killed_then_it_stays_readable(start_daemon):
    daemon = start_daemon(size="16M")
    with Peer(daemon.socket) as reader:
        reader.run("view = client.get(client.put(np.full(1000, 7)))")
        daemon.kill()
        assert reader.run("int(view.sum())") == 7000


def test_given_a_view_when_the_reader_writes_through_it_then_it_is_refused(client):
    view = client.get(client.put(np.zeros(10)))
    assert not view.flags.writeable
    with pytest.raises(ValueError):
        view.setflags(write=True)
