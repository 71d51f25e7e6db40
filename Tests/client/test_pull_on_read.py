"""Reading what lies on another store: it is fetched once, kept as a copy, and read as if it were here."""

import re
import signal
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import vineyard

from daemon import Daemon, free_port
from waiting import eventually

RELEASED = [str(Path(vineyard.__file__).parent / "bdist/vineyardd")]
MIB = 1 << 20


@pytest.fixture
def stores(etcd, request):
    """An owner and a reader on one etcd; the parameter is the command of the owner, and the size of the reader."""
    command, size = getattr(request, "param", (None, "256M"))
    flags = etcd.flags(f"pull{id(request)}")
    started = []
    try:
        started.append(Daemon(command=command, flags=flags).start())
        started.append(Daemon(size=size, flags=[*flags, "--metrics_port", str(free_port())]).start())
        yield started
    finally:
        for daemon in started:
            daemon.discard()


OWNERS = pytest.mark.parametrize(
    "stores", [(None, "256M"), (RELEASED, "256M")], indirect=True, ids=["of ours", "of the released daemon"]
)


def metric(daemon, name):
    port = daemon.flags[daemon.flags.index("--metrics_port") + 1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        return float(re.search(rf"^{name} (\S+)$", page.read().decode(), re.M)[1])


def put(owner, reader, value, name):
    """Puts an object into one store and waits until the other knows it."""
    target = vineyard.connect(owner.socket).put(value, persist=True, name=name)
    client = vineyard.connect(reader.socket)
    eventually(lambda: name in client.list_names(name), "the name is on the other")
    return target, client


def remote_connections(daemon):
    return vineyard.connect(daemon.socket).status.rpc_connections


@OWNERS
def test_given_an_array_elsewhere_when_read_by_name_then_it_is_this_stores_and_mapped(stores) -> None:
    array = np.arange(3 * MIB // 8)
    target, client = put(*stores, array, "a/b")
    meta = client.get_meta(target)
    assert meta.instance_id == client.instance_id
    assert meta["buffer_"].instance_id == client.instance_id
    np.testing.assert_array_equal(client.get(name="a/b"), array)
    assert metric(stores[1], "vineyard_fetches_total") == 1
    assert metric(stores[1], "vineyard_cached_bytes") == array.nbytes
    assert remote_connections(stores[0]) <= 1, "the client reads here, not there"


@OWNERS
def test_given_large_and_many_blobs_then_all_bytes_are_right(stores) -> None:
    large = np.random.default_rng(1).integers(0, 255, 90 * MIB, dtype=np.uint8)
    frame = pd.DataFrame({f"c{i}": np.arange(100) * i for i in range(60)})
    _, client = put(*stores, large, "large")
    put(*stores, frame, "frame")
    assert np.array_equal(client.get(name="large"), large)
    pd.testing.assert_frame_equal(client.get(name="frame"), frame)
    assert metric(stores[1], "vineyard_fetch_failures_total") == 0


def test_given_a_second_read_then_nothing_is_fetched_again(stores) -> None:
    _, client = put(*stores, np.ones(MIB), "twice")
    client.get(name="twice")
    other = vineyard.connect(stores[1].socket)
    np.testing.assert_array_equal(other.get(name="twice"), np.ones(MIB))
    assert metric(stores[1], "vineyard_fetches_total") == 1
    assert metric(stores[1], "vineyard_cached_hits_total") >= 1


def test_given_many_readers_at_once_then_one_fetch_serves_all(stores) -> None:
    target, _ = put(*stores, np.arange(8 * MIB // 8), "many")
    connections = [stores[1].wire() for _ in range(12)]
    replies = []

    def read(wire):
        replies.append(wire.call("get_data_request", id=[int(target)], sync_remote=True, wait=False))

    threads = [threading.Thread(target=read, args=(wire,)) for wire in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 12 and all(reply["content"] for reply in replies)
    assert len({str(reply["content"]) for reply in replies}) == 1
    assert metric(stores[1], "vineyard_fetches_total") == 1


def test_given_a_copy_then_no_listing_shows_it_and_the_object_is_still_the_owners(stores) -> None:
    target, client = put(*stores, np.arange(100), "listed")
    blobs = len(client.list_metadatas("vineyard::Blob", nobuffer=True))
    client.get(target)
    assert len(client.list_metadatas("vineyard::Blob", nobuffer=True)) == blobs
    listed = [meta for meta in client.list_metadatas("vineyard::Tensor*", nobuffer=True) if meta.id == target]
    assert [meta.instance_id for meta in listed] == [vineyard.connect(stores[0].socket).instance_id]


def test_given_the_original_is_deleted_then_the_copy_goes_and_who_maps_it_keeps_it(stores) -> None:
    array = np.arange(MIB // 8)
    target, client = put(*stores, array, "gone")
    mapped = client.get(target)
    vineyard.connect(stores[0].socket).delete(target)
    eventually(lambda: metric(stores[1], "vineyard_cached_bytes") == 0, "the copy is dropped")
    assert not client.exists(target)
    np.testing.assert_array_equal(mapped, array)


def test_given_the_owner_leaves_then_its_copies_go(etcd, stores) -> None:
    put(*stores, np.arange(MIB // 8), "left")[1].get(name="left")
    stores[0].kill()
    prefix = stores[0].flags[stores[0].flags.index("--etcd_prefix") + 1]
    etcd.delete_prefix(f"{prefix}/S0000000000000000/instances/i0/")
    eventually(lambda: metric(stores[1], "vineyard_cached_bytes") == 0, "the copy is dropped")


def test_given_a_pulled_array_when_it_is_written_again_then_it_is_this_stores_own(stores) -> None:
    array = np.arange(MIB // 8)
    target, client = put(*stores, array, "first")
    again = client.put(client.get(target), persist=True)
    vineyard.connect(stores[0].socket).delete(target)
    eventually(lambda: not client.exists(target), "the original is gone")
    assert metric(stores[1], "vineyard_cached_bytes") == 0
    np.testing.assert_array_equal(vineyard.connect(stores[1].socket).get(again), array)


@OWNERS
def test_given_migrate_then_an_own_copy_with_the_same_signature_stays(stores) -> None:
    frame = pd.DataFrame({"a": np.arange(1000), "b": np.ones(1000)})
    target, client = put(*stores, frame, "moved")
    copy = client.migrate(target)
    assert copy != target and client.migrate(target) == copy and client.migrate(copy) == copy
    meta = client.get_meta(copy)
    assert meta.instance_id == client.instance_id and not meta["transient"]
    assert meta.signature == client.get_meta(target).signature
    vineyard.connect(stores[0].socket).delete(target)
    eventually(lambda: not client.exists(target), "the original is gone")
    pd.testing.assert_frame_equal(client.get(copy), frame)


def test_given_a_global_object_then_its_members_keep_their_instances(stores) -> None:
    owner = vineyard.connect(stores[0].socket)
    local, remote = put(stores[0], stores[1], np.arange(4), "part")[0], vineyard.connect(stores[1].socket)
    other = remote.put(np.arange(2), persist=True)
    meta = vineyard.ObjectMeta()
    meta.set_global(True)
    meta["typename"] = "vineyard::GlobalTensor"
    meta["partitions_-size"] = 2
    meta.add_member("partitions_-0", local)
    meta.add_member("partitions_-1", other)
    target = remote.create_metadata(meta).id
    seen = remote.get_meta(target)
    assert seen["partitions_-0"].instance_id == owner.instance_id
    assert seen["partitions_-1"].instance_id == remote.instance_id
    assert metric(stores[1], "vineyard_fetches_total") == 0


def test_given_a_remote_client_then_it_sees_where_the_object_is(stores) -> None:
    target, _ = put(*stores, np.arange(4), "rpc")
    with stores[1].wire_rpc() as wire:
        content = wire.call("get_data_request", id=[int(target)], sync_remote=True, wait=False)["content"]
    assert next(iter(content.values()))["instance_id"] == vineyard.connect(stores[0].socket).instance_id
    assert metric(stores[1], "vineyard_fetches_total") == 0


@pytest.mark.parametrize("stores", [(None, "32M")], indirect=True, ids=["a small store"])
def test_given_no_room_then_code_41_and_nothing_leaks(stores) -> None:
    _, client = put(*stores, np.ones(20 * MIB // 8), "big")
    put(*stores, np.ones(8 * MIB // 8), "fits")
    with pytest.raises(vineyard.NotEnoughMemoryException, match="no room for a copy"):
        client.get(name="big")
    np.testing.assert_array_equal(client.get(name="fits"), np.ones(8 * MIB // 8))
    assert metric(stores[1], "vineyard_cached_bytes") == 8 * MIB


@pytest.mark.parametrize("stores", [(None, "64M")], indirect=True, ids=["a small store"])
def test_given_a_write_needs_the_room_then_copies_that_nobody_maps_go(stores) -> None:
    put(*stores, np.ones(24 * MIB // 8), "idle")
    with stores[1].wire() as wire:
        target = wire.call("get_name_request", name="idle", wait=False)["object_id"]
        assert wire.call("get_data_request", id=[target], sync_remote=True, wait=False)["content"]
    client = vineyard.connect(stores[1].socket)
    assert metric(stores[1], "vineyard_cached_bytes") == 24 * MIB
    client.put(np.zeros(50 * MIB // 8))
    assert metric(stores[1], "vineyard_cached_bytes") == 0


def test_given_the_owner_is_killed_in_the_middle_then_the_error_names_it_and_nothing_leaks(stores) -> None:
    owner, reader = stores
    target, _ = put(owner, reader, np.ones(100 * MIB // 8), "cut")
    before = metric(reader, "vineyard_memory_used_bytes")
    owner.process.send_signal(signal.SIGSTOP)
    failures = []

    def read():
        try:
            vineyard.connect(reader.socket).get(target)
        except Exception as error:
            failures.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    eventually(lambda: metric(reader, "vineyard_fetches_total") == 1, "the fetch has begun")
    owner.kill()
    thread.join()
    assert len(failures) == 1 and f"at 127.0.0.1:{owner.rpc_port}" in failures[0] and "instance 0" in failures[0]
    assert metric(reader, "vineyard_cached_bytes") == 0
    assert metric(reader, "vineyard_memory_used_bytes") == before
    reader.assert_no_crash()


def test_given_the_reader_leaves_in_the_middle_then_the_copy_is_there_for_the_next(stores) -> None:
    owner, reader = stores
    array = np.arange(60 * MIB // 8)
    target, client = put(owner, reader, array, "left")
    owner.process.send_signal(signal.SIGSTOP)
    wire = reader.wire()
    wire.send("get_data_request", id=[int(target)], sync_remote=True, wait=False)
    eventually(lambda: metric(reader, "vineyard_fetches_total") == 1, "the fetch has begun")
    wire.close()
    owner.process.send_signal(signal.SIGCONT)
    eventually(lambda: metric(reader, "vineyard_fetched_bytes_total") == array.nbytes, "all of it has come")
    np.testing.assert_array_equal(client.get(target), array)
    assert metric(reader, "vineyard_fetches_total") == 1
