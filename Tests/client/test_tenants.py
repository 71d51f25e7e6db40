"""A volume has memory files of its own: whatever its clients do with them reaches nobody else."""

import contextlib
import ctypes
import faulthandler
import mmap
import os
import signal

import pytest

from volumes import Volume
from waiting import eventually
from wire import map_file

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20
PUNCH_HOLE = 3
SECRET = b"the secret of a tenant. " * 1000
libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(scope="module")
def store_options():
    return {"size": "128M"}


@pytest.fixture
def volume(store):
    """Opens volumes that are gone after the test."""
    with contextlib.ExitStack() as opened:

        def open_volume(ident, **settings):
            made = Volume(store, ident, **settings)
            opened.callback(made.delete)
            return made

        yield open_volume


def files_of(client, payloads):
    """The descriptors that come with the blobs of a reply, by their keys."""
    reply = client.ask("get_buffers_request", ids=payloads, num=len(payloads))
    return reply["payloads"], {key: client.receive_file() for key in reply["fds"]}


def read(client, ident):
    """The bytes of a blob, as a client that never saw it before reads them."""
    [payload], files = files_of(client, [ident])
    with map_file(payload, files[payload["store_fd"]]) as memory:
        return memory[payload["data_offset"] : payload["data_offset"] + payload["data_size"]]


def mapping(payload, descriptor, writable=False):
    """A memory file that the test keeps its descriptor of."""
    return map_file(payload, os.dup(descriptor), writable)


def is_same_file(one, other):
    return os.path.sameopenfile(one, other)


def child_ends_with(action):
    """The status with which a child process ends that does something."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def test_given_two_volumes_and_the_main_socket_when_each_is_written_then_each_has_a_file_and_a_key_of_its_own(
    store, volume
):
    with volume("a").wire() as a, volume("b").wire() as b, store.wire() as main:
        made = [client.create_blob(4096) for client in (a, b, main)]
        assert len({payload["store_fd"] for payload, _ in made}) == 3
        files = [descriptor for _, descriptor in made]
        assert not any(is_same_file(files[i], files[j]) for i in range(3) for j in range(i))


def test_given_a_client_that_cuts_punches_and_scribbles_its_files_then_others_and_the_store_go_on(store, volume):
    victim_volume = volume("victim")
    with victim_volume.wire() as victim, volume("evil").wire() as evil, store.wire() as main:
        kept, mains = victim.put_blob(SECRET), main.put_blob(SECRET)
        payload, descriptor = evil.create_blob(MIB)
        os.pwrite(descriptor, b"x" * MIB, 0)
        libc.fallocate(descriptor, PUNCH_HOLE, ctypes.c_long(0), ctypes.c_long(payload["map_size"] - 8))
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        for size in (1, 100_000, MIB, 5 * MIB):
            evil.ask("create_buffer_request", size=size)
        with store.wire_rpc() as remote:
            remote.send("create_remote_buffer_request", size=5000, compress=False)
            remote.send_bytes(b"r" * 5000)
            assert [remote.receive()["type"] for _ in range(2)] == ["create_buffer_reply"] * 2
        with victim_volume.wire() as reader, store.wire() as other:
            assert read(reader, kept) == SECRET and read(other, mains) == SECRET


def test_given_a_deleted_volume_when_its_memory_is_touched_then_sigbus_and_the_pages_are_back_at_once(store):
    gone = Volume(store, "gone")
    with gone.wire() as writer:
        payload, descriptor = writer.create_blob(8 * MIB)
        memory = mapping(payload, descriptor, writable=True)
        memory[payload["data_offset"] : payload["data_offset"] + 8 * MIB] = b"s" * (8 * MIB)
        assert os.fstat(descriptor).st_blocks * 512 >= 8 * MIB
        gone.delete()
        eventually(lambda: os.fstat(descriptor).st_blocks == 0, "the pages of a deleted volume")
        assert child_ends_with(lambda: memory[payload["data_offset"]]) == signal.SIGBUS


def test_given_a_tenant_that_has_gone_when_others_write_then_none_of_their_files_has_its_bytes(store):
    for turn in range(3):
        first = Volume(store, f"first{turn}")
        with first.wire() as client:
            client.put_blob(SECRET * 200)
        first.delete()
        second = Volume(store, f"second{turn}")
        with second.wire() as client, store.wire() as main:
            for writer in (client, main):
                payload, descriptor = writer.create_blob(5 * MIB)
                with map_file(payload, descriptor) as memory:
                    assert memory.find(SECRET[:24], 0, payload["data_offset"] + 6 * MIB) < 0
        second.delete()
        with store.wire() as main:
            main.ask("clear_request")


def test_given_a_volume_that_is_made_again_when_a_client_stays_then_no_key_stands_for_two_files(store):
    keys = []
    for _ in range(4):
        again = Volume(store, "again")
        with again.wire() as client:
            keys.append(client.create_blob(1)[0]["store_fd"])
        again.delete()
    assert len(set(keys)) == 4


def test_given_a_reader_that_keeps_what_is_deleted_then_it_counts_in_the_quota_and_not_in_that_of_others(store, volume):
    greedy, modest = volume("greedy", quota=16 * MIB), volume("modest", quota=64 * MIB)
    with greedy.wire() as writer, greedy.wire() as reader, modest.wire() as other:
        for _ in range(2):
            ident = writer.new_blob(8 * MIB)
            files_of(reader, [ident])
            writer.ask("del_data_request", id=[ident], force=True, deep=True, fastpath=True)
        _, message = writer.refused("create_buffer_request", size=8 * MIB)
        assert "16777216 more are deleted but still mapped by its clients (pid" in message
        assert greedy.record["used"] == 0
        other.new_blob(64 * MIB)
        reader.ask("memory_trim_request")
        writer.new_blob(16 * MIB)


def test_given_small_results_between_temporaries_when_these_are_deleted_then_a_blob_of_60_percent_fits(store, volume):
    for client in (volume("results").wire(), store.wire()):
        with client:
            temporaries = []
            while "code" not in (made := client.call("create_buffer_request", size=MIB)):
                if made["fd"] != -1:
                    os.close(client.receive_file())
                temporaries.append(made["id"])
                client.ask("seal_request", object_id=made["id"])
                if "code" not in (small := client.call("create_buffer_request", size=1024)):
                    if small["fd"] != -1:
                        os.close(client.receive_file())
                    client.ask("seal_request", object_id=small["id"])
            assert len(temporaries) > 100
            client.ask("del_data_request", id=temporaries, force=True, deep=True, fastpath=True)
            client.new_blob(128 * MIB * 60 // 100)
            client.ask("clear_request")


def test_given_a_client_that_touches_all_of_its_file_when_its_volume_goes_then_the_memory_is_back(store):
    greedy = Volume(store, "touching", quota=MIB)
    with greedy.wire() as client:
        payload, descriptor = client.create_blob(1)

        def touch():
            with mapping(payload, descriptor, writable=True) as memory:
                for offset in range(0, len(memory), mmap.PAGESIZE):
                    memory[offset] = 1

        assert child_ends_with(touch) == 0
        assert os.fstat(descriptor).st_blocks * 512 > 16 * MIB
        greedy.delete()
        eventually(lambda: os.fstat(descriptor).st_blocks == 0, "what a client has touched")


def test_given_a_writer_that_keeps_its_mapping_when_there_is_a_snapshot_then_it_changes_neither_that_nor_its_clones(
    store, volume
):
    source = volume("source")
    with source.wire() as writer, store.wire() as main:
        payload, descriptor = writer.create_blob(3 * MIB)
        start = payload["data_offset"]
        memory = map_file(payload, descriptor, writable=True)
        memory[start : start + 3 * MIB] = b"o" * (3 * MIB)
        writer.ask("seal_request", object_id=payload["object_id"])
        main.ask("create_snapshot_request", id="kept", source="source")
        clones = [
            volume("direct", source={"kind": "volume", "id": "source"}),
            volume("restored", source={"kind": "snapshot", "id": "kept"}),
        ]
        memory[start : start + 3 * MIB] = b"f" * (3 * MIB)
        for clone in clones:
            with clone.wire() as reader:
                assert read(reader, payload["object_id"]) == b"o" * (3 * MIB)
        with clones[1].wire() as client:
            [shared], files = files_of(client, [payload["object_id"]])
            with pytest.raises(PermissionError):
                mapping(shared, files[shared["store_fd"]], writable=True)
            assert client.create_blob(1)[0]["store_fd"] != shared["store_fd"]
        main.ask("delete_snapshot_request", id="kept")
        with clones[1].wire() as reader:
            assert read(reader, payload["object_id"]) == b"o" * (3 * MIB)


def test_given_a_volume_whose_objects_stay_when_it_is_deleted_then_others_read_them_and_cannot_write_there(store):
    leaving = Volume(store, "leaving", on_delete="retain")
    with leaving.wire() as writer:
        ident = writer.put_blob(SECRET)
    leaving.delete()
    with store.wire() as main:
        [payload], files = files_of(main, [ident])
        with pytest.raises(PermissionError):
            mapping(payload, files[payload["store_fd"]], writable=True)
        with mapping(payload, files[payload["store_fd"]]) as memory:
            assert memory[payload["data_offset"] : payload["data_offset"] + len(SECRET)] == SECRET
        assert main.create_blob(10)[0]["store_fd"] != payload["store_fd"]
        main.ask("clear_request")
