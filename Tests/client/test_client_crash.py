"""Clients that die with `kill -9`, fork, or leave in the middle of something."""

import os
import random
import signal
import struct
import time

import numpy as np
import pytest

from peer import Peer
from waiting import eventually

MIB = 1 << 20
KILLS = 20


@pytest.fixture(scope="module")
def store_options():
    return {"size": "64M"}


@pytest.fixture
def spawner(store, client):
    """A process that forks victims: children which connect, signal readiness, and never stop by themselves."""
    with Peer() as process:
        process.run(
            """
            def victim(work):
                ready, tell_ready = os.pipe()
                child = os.fork()
                if child == 0:
                    client = vineyard.connect(socket)
                    work(client, lambda: os.write(tell_ready, b'.'))
                os.close(tell_ready)
                assert os.read(ready, 1) == b'.'
                os.close(ready)
                return child

            def copy_forever(client, ready):
                builder = client.create_blob(8 << 20)
                ready()
                while True:
                    builder.copy(0, b'x' * (8 << 20))

            def put_and_delete_forever(client, ready):
                ready()
                while True:
                    client.delete(client.put(np.ones(1 << 20, 'uint8')))

            def reap(child):
                return os.waitpid(child, 0)[1]
            """,
            socket=store.socket,
        )
        yield process


def bytes_of_sealed_blobs(client):
    return sum(meta["length"] for meta in client.list_metadatas("vineyard::Blob", limit=100_000, nobuffer=True))


def assert_store_works(client):
    ident = client.put(np.arange(100_000))
    np.testing.assert_array_equal(client.get(ident), np.arange(100_000))
    client.delete(ident)


def test_given_a_client_killed_while_copying_when_repeated_then_the_store_keeps_working(client, spawner):
    for _ in range(3):
        child = spawner.run("victim(copy_forever)")
        os.kill(child, signal.SIGKILL)
        assert spawner.run("reap(child)", child=child) == signal.SIGKILL
        assert_store_works(client)


@pytest.mark.beyond_original
def test_given_a_client_killed_while_copying_when_repeated_then_no_byte_leaks(client, spawner, usage_returns_to):
    for _ in range(KILLS):
        child = spawner.run("victim(copy_forever)")
        assert client.status.memory_usage == 8 * MIB
        os.kill(child, signal.SIGKILL)
        spawner.run("reap(child)", child=child)
        usage_returns_to(0)


@pytest.mark.beyond_original
def test_given_a_client_killed_at_any_moment_of_its_puts_when_repeated_then_only_sealed_blobs_count(client, spawner):
    moments = random.Random(20)
    for _ in range(KILLS):
        child = spawner.run("victim(put_and_delete_forever)")
        time.sleep(moments.uniform(0, 0.02))  # the moment of the kill, not a wait
        os.kill(child, signal.SIGKILL)
        spawner.run("reap(child)", child=child)
        eventually(
            lambda: client.status.memory_usage == bytes_of_sealed_blobs(client),
            lambda: f"usage {client.status.memory_usage} is that of sealed blobs, {bytes_of_sealed_blobs(client)}",
        )
        assert_store_works(client)
    client.clear()
    assert client.status.memory_usage == 0


def test_given_a_client_killed_between_header_and_body_when_repeated_then_others_are_served(store, client):
    for length in range(0, 40, 2):
        with store.wire() as broken:
            broken.send_bytes((struct.pack("<Q", 32) + b'{"type":"exists_request","id":1}')[:length])
    assert_store_works(client)
    eventually(lambda: client.status.ipc_connections == 1, "only this connection is left")


def test_given_a_killed_client_when_it_had_sealed_objects_then_they_stay(client, store):
    with Peer(store.socket) as other:
        ident = other.run("int(client.put(np.arange(1000), persist=True, name='survivor'))")
        other.kill()
    assert int(client.get_name("survivor")) == ident
    np.testing.assert_array_equal(client.get(name="survivor"), np.arange(1000))


def test_given_a_connected_process_when_its_fork_ends_then_its_connection_still_works(store, client):
    with Peer(store.socket) as parent:
        assert parent.run(
            """
            builder = client.create_blob(1000)
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            builder.copy(0, b'f' * 1000)
            ident = builder.seal(client).id
            client.get(client.put('still here')) == 'still here' and client.exists(ident)
            """
        )


def test_given_a_connected_process_when_its_fork_uses_a_forked_client_then_both_work(store, client):
    with Peer(store.socket) as parent:
        answers = parent.run(
            """
            before = client.put(np.arange(1000))
            child = os.fork()
            if child == 0:
                client.fork()
                ok = client.get(before).sum() == 499500
                client.put(np.full(1000, 7), persist=True, name='from the fork')
                os._exit(0 if ok else 1)
            status = os.waitpid(child, 0)[1]
            [status, int(client.get(before).sum()), int(client.get(name='from the fork').sum())]
            """
        )
        assert answers == [0, 499500, 7000]
    assert int(client.get(name="from the fork").sum()) == 7000


def test_given_a_reader_killed_while_it_holds_a_view_when_objects_are_written_then_all_is_right(store, client):
    ident = client.put(np.full(10 * MIB, 3, "uint8"))
    with Peer(store.socket) as reader:
        reader.run("view = client.get(vineyard.ObjectID(ident))", ident=int(ident))
        reader.kill()
    client.delete(ident)
    for value in range(5):
        again = client.put(np.full(4 * MIB, value, "uint8"))
        assert int(client.get(again)[-1]) == value
        client.delete(again)
    assert client.status.memory_usage == 0
