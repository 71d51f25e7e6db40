"""Programs that live long: they put, get and delete for ever, and run here as long as on the original."""

import numpy as np
import pytest

from peer import Peer, PeerError
from volumes import Volume
from waiting import eventually

MIB = 1 << 20
ROUNDS = 40


@pytest.fixture(scope="module")
def store_options():
    return {"size": "64M"}


@pytest.fixture
def producer(store, client):
    """A process that writes arrays of 10 MiB and deletes them again."""
    with Peer(store.socket) as process:
        process.run(
            """
            def put(value, name=None):
                return int(client.put(np.full(10 << 20, value, 'u1'), persist=name is not None, name=name))

            def delete(ident):
                client.delete(vineyard.ObjectID(ident))
            """
        )
        yield process


def test_given_a_program_when_it_puts_gets_and_deletes_then_it_never_runs_out_of_memory(client):
    for value in range(ROUNDS):
        ident = client.put(np.full(10 * MIB, value, "u1"))
        view = client.get(ident)
        assert view[0] == value and view[-1] == value
        del view
        client.delete(ident)


@pytest.mark.beyond_original
def test_given_a_program_that_keeps_memory_when_it_puts_gets_and_deletes_then_it_never_runs_out(start_daemon):
    daemon = start_daemon(size="64M", flags=("--deleted_memory", "keep"))
    with Peer(daemon.socket) as program:
        for value in range(ROUNDS):
            program.run(
                "ident = client.put(np.full(10 << 20, value, 'u1')); view = client.get(ident); client.delete(ident)",
                value=value,
            )


def test_given_workers_of_a_cluster_when_they_exchange_chunks_then_they_go_on_for_ever(store, producer):
    """Like Mars and Xorbits: one puts, others read, a supervisor deletes."""
    with Peer(store.socket) as reader, Peer(store.socket) as supervisor:
        for value in range(ROUNDS):
            ident = producer.run("put(value)", value=value % 250)
            reader.run("chunk = client.get(vineyard.ObjectID(ident))", ident=ident)
            assert reader.run("int(chunk[0]), int(chunk[-1])") == [value % 250] * 2
            supervisor.run("client.delete(vineyard.ObjectID(ident))", ident=ident)


def test_given_a_catalogue_when_nodes_load_and_release_data_sets_then_it_goes_on_for_ever(store, producer):
    """Like a kedro catalogue: saved by name, loaded, released."""
    with Peer(store.socket) as node:
        for value in range(ROUNDS):
            producer.run("put(value, f'data/{value}')", value=value)
            assert node.run("data = client.get(name=f'data/{value}'); int(data[-1])", value=value) == value
            producer.run(
                "delete(int(client.get_name(f'data/{value}'))); client.drop_name(f'data/{value}')", value=value
            )


def test_given_a_consumer_when_it_deletes_what_it_has_read_then_it_goes_on_for_ever(store, producer):
    with Peer(store.socket) as consumer:
        for value in range(ROUNDS):
            ident = producer.run("put(value)", value=value)
            consumer.run("data = client.get(vineyard.ObjectID(ident))", ident=ident)
            assert consumer.run("int(data[0])") == value
            consumer.run("client.delete(vineyard.ObjectID(ident))", ident=ident)


def test_given_a_model_when_it_is_swapped_by_name_then_servers_go_on_for_ever(store, producer):
    with Peer(store.socket) as server:
        former = None
        for value in range(ROUNDS):
            current = producer.run("put(value, 'model')", value=value)
            if former:
                producer.run("delete(former)", former=former)
            former = current
            assert server.run("model = client.get(name='model'); int(model[-1])") == value


def test_given_a_watcher_that_lists_when_others_write_and_delete_then_they_go_on_for_ever(store, producer):
    with Peer(store.socket) as watcher:
        for value in range(ROUNDS):
            ident = producer.run("put(value)", value=value)
            assert watcher.run("len(client.list_objects('*Tensor*', limit=100))") >= 1
            producer.run("delete(ident)", ident=ident)


def test_given_a_notebook_that_listed_once_and_sleeps_when_others_write_and_delete_then_they_go_on_for_ever(
    store, producer
):
    with Peer(store.socket) as notebook:
        first = [producer.run("put(1)") for _ in range(5)]
        notebook.run("objects = client.list_objects('*', limit=1000)")
        for ident in first:
            producer.run("delete(ident)", ident=ident)
        for value in range(ROUNDS):
            producer.run("delete(put(value))", value=value)


@pytest.mark.beyond_original
def test_given_room_when_others_write_then_views_of_deleted_objects_are_intact_and_reuse_is_told(start_daemon):
    daemon = start_daemon(size="64M", flags=("--metrics_port", "0"))
    with Peer(daemon.socket) as reader, Peer(daemon.socket) as writer:
        ident = writer.run("int(client.put(np.full(10 << 20, 7, 'u1')))")
        reader.run("view = client.get(vineyard.ObjectID(ident))", ident=ident)
        writer.run("client.delete(vineyard.ObjectID(ident))", ident=ident)
        for _ in range(5):
            writer.run("other = client.put(np.zeros(10 << 20, 'u1'))")
        assert reader.run("int(view.min()), int(view.max())") == [7, 7]
        assert "used again" not in daemon.stderr
        writer.run("other = client.put(np.zeros(10 << 20, 'u1'))")
        pid = reader.run("os.getpid()")
        eventually(
            lambda: f"are used again although clients may still look at them (pid {pid})" in daemon.stderr, "a line"
        )


@pytest.mark.beyond_original
def test_given_a_volume_full_of_views_when_written_to_then_it_refuses_and_names_the_processes(start_daemon):
    daemon = start_daemon(size="64M")
    volume = Volume(daemon, "v")
    with Peer() as reader, Peer() as writer:
        for process in (reader, writer):
            process.run("client = vineyard.connect(path)", path=volume.socket)
        for value in range(6):
            ident = writer.run("int(client.put(np.full(10 << 20, value, 'u1')))", value=value)
            reader.run("views = globals().get('views', []) + [client.get(vineyard.ObjectID(ident))]", ident=ident)
            writer.run("client.delete(vineyard.ObjectID(ident))", ident=ident)
        with pytest.raises(PeerError) as refusal:
            writer.run("other = client.put(np.zeros(10 << 20, 'u1'))")
        assert f"pid {reader.run('os.getpid()')}: {60 * MIB} bytes" in str(refusal.value)
        assert reader.run("[int(view[0]) for view in views]") == list(range(6))
        reader.run("client.clear()")
        writer.run("other = client.put(np.zeros(10 << 20, 'u1'))")
