"""New memory reads as zeroes for whoever is not its former owner; quotas and ids cannot be tricked."""

import mmap
import time

import pytest

from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20
SECRET = b"SECRET OF A VOLUME "


@pytest.fixture
def daemon(start_daemon, populate):
    return start_daemon(size="128M", flags=("--populate", populate))


@pytest.fixture(params=["ahead", "off"])
def populate(request):
    return request.param


def create(wire, size):
    """A new blob: its id, the memory that the connection maps, and where the blob is in it."""
    payload, file = wire.create_blob(size)
    if file is not None:
        wire.memory = mmap.mmap(file, payload["map_size"] - 8)
    return payload["object_id"], wire.memory, slice(payload["data_offset"], payload["data_offset"] + size)


def write(wire, data):
    """A sealed blob with these bytes."""
    ident, memory, place = create(wire, len(data))
    memory[place] = data
    wire.ask("seal_request", object_id=ident)
    return ident


def unwritten_over_tcp(daemon, size):
    """What a client on another host gets of a blob that nobody has written."""
    with daemon.wire_rpc() as remote:
        ident = remote.ask("create_buffer_request", size=size)["id"]
        remote.ask("seal_request", object_id=ident)
        remote.ask("get_remote_buffers_request", ids=[ident], num=1)
        data = remote.receive_bytes(size)
        remote.ask("del_data_request", id=[ident])
        return data


def unwritten_in_memory(wire, size):
    """What a client that maps the memory sees of a blob that it has not written."""
    _, memory, place = create(wire, size)
    return memory[place]


@pytest.mark.parametrize("size", [1000, 300_000, 5_000_000, 60 * MIB])
@pytest.mark.parametrize("is_deleted", [False, True], ids=["volume-lives", "volume-deleted"])
def test_given_bytes_of_a_volume_when_others_get_the_memory_then_it_reads_as_zeroes(daemon, size, is_deleted):
    volume, other = Volume(daemon, "secret"), Volume(daemon, "other")
    data = (SECRET * (size // len(SECRET) + 1))[:size]
    with volume.wire() as writer:
        for _ in range(2):
            writer.ask("del_data_request", id=[write(writer, data)])
    if is_deleted:
        assert volume.delete()
    assert unwritten_over_tcp(daemon, size).count(0) == size
    with other.wire() as reader:
        assert unwritten_in_memory(reader, size).count(0) == size
    with daemon.wire() as reader:
        assert unwritten_in_memory(reader, size).count(0) == size


def test_given_small_blobs_of_two_volumes_when_they_come_and_go_then_neither_sees_the_others(daemon):
    volumes = [Volume(daemon, name) for name in "ab"]
    wires = [volume.wire() for volume in volumes]
    for turn in range(200):
        number = turn % 2
        size = 64 * (1 + turn * 7 % 50)
        ident, memory, place = create(wires[number], size)
        assert set(memory[place]) <= {0, number + 1}
        memory[place] = bytes([number + 1]) * size
        wires[number].ask("drop_buffer_request", id=ident)
    for wire in wires:
        wire.close()


@pytest.mark.parametrize("how", ["to nothing", "while it reads", "while another reads"])
def test_given_a_quota_when_blobs_are_shrunk_then_no_more_memory_is_kept_than_it_allows(start_daemon, how):
    daemon = start_daemon(size="256M")
    small, large = Volume(daemon, "small", quota=32 * MIB), Volume(daemon, "large", quota=128 * MIB)
    with small.wire() as tenant, small.wire() as accomplice:
        for _ in range(200):
            reply = tenant.call("create_buffer_request", size=16 * MIB)
            if "code" in reply:
                break
            if reply["fd"] != -1:
                tenant.receive_file()
            reader = {"while it reads": tenant, "while another reads": accomplice}.get(how)
            if reader and reader.ask("get_buffers_request", ids=[reply["id"]], num=1, unsafe=True)["fds"]:
                reader.receive_file()
            tenant.ask("shrink_buffer_request", id=reply["id"], size=0 if how == "to nothing" else 1)
        assert small.record["used"] <= 32 * MIB
        with large.wire() as victim:
            assert "code" not in victim.call("create_buffer_request", size=128 * MIB)


def test_given_blobs_moved_to_ids_of_the_future_when_new_ones_come_then_nothing_is_lost(start_daemon):
    daemon = start_daemon(size="64M")
    volume = Volume(daemon, "v")
    with volume.wire() as wire:
        session = wire.registration["session_id"]
        reply = wire.ask("create_buffers_request", sizes=[4000] * 100, num=100)
        wire.receive_file()
        for ident in reply["ids"]:
            wire.ask("seal_request", object_id=ident)
        soon = int(time.time() * 1000) + 200
        pairs = [[ident, 1 << 63 | (soon + k) << 22] for k, ident in enumerate(reply["ids"])]
        code, message = wire.refused("move_buffers_ownership_request", session_id=session, id_to_id=pairs)
        assert code == 1 and "ahead of time" in message
        wire.ask("clear_request")
    volume.delete()
    with daemon.wire() as main:
        eventually(
            lambda: main.ask("instance_status_request")["meta"]["memory_usage"] == 0, "nothing is in use any more"
        )
