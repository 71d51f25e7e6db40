"""A store in a container is refused memory with code 41; the kernel never ends it.

The groups are real, and so are the kills: the kernel ends whoever exceeds the limit.
"""

import json
import os
import struct
import subprocess
from contextlib import suppress

import pytest
import yaml

from cgroups import DaemonInGroup, MemoryGroup
from daemon import daemon_command
from volumes import Volume
from waiting import eventually
from wire import blob_member, metadata, text

pytestmark = pytest.mark.beyond_original

MIB = 1 << 20
GIB = 1 << 30
NOT_ENOUGH_MEMORY = 41
BATCH = 64


def deployed_limit(size):
    """The memory limit that a deployment gives the container of a store of some size."""
    command = [daemon_command()[0], "deploy", "vineyard-deployment", f"--vineyardd.size={size}"]
    text = subprocess.run(
        [*command, "--dry-run=client", "--output=yaml"], capture_output=True, text=True, check=True
    ).stdout
    [deployment] = [tree for tree in yaml.safe_load_all(text) if tree["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
    return int(container["resources"]["limits"]["memory"].removesuffix("Mi")) * MIB


@pytest.fixture
def in_group(tmp_path, request):
    """Starts a daemon in a group of some bytes; at the end it must live, and nobody have been killed."""
    started = []

    def start(limit, **options):
        group = MemoryGroup(request.node.name.split("[")[0][-40:], limit)
        daemon = DaemonInGroup(group, tmp_path, **options)
        started.append((group, daemon))
        return daemon.start(), group

    yield start
    for group, daemon in started:
        try:
            assert daemon.process.poll() is None, f"the daemon ended with {daemon.process.returncode}"
            assert group.kills == 0
            daemon.stop()
        finally:
            daemon.discard()
            eventually(lambda: not (group.directory / "cgroup.procs").read_text(), "the group is empty")
            group.remove()


def limit_of(wire):
    return wire.ask("instance_status_request")["meta"]["memory_limit"]


def fill(wire, size):
    """Creates sealed blobs of one size until the store refuses; returns their number and the refusal."""
    count = 0
    while True:
        reply = wire.call("create_buffer_request", size=size)
        if "code" in reply:
            return count, reply
        if reply["fd"] != -1:
            os.close(wire.receive_file())
        wire.ask("seal_request", object_id=reply["id"])
        count += 1


def pipeline(wire, requests):
    """Sends many requests before reading their replies."""
    bodies = [json.dumps(request).encode() for request in requests]
    wire.send_bytes(b"".join(struct.pack("<Q", len(body)) + body for body in bodies))
    return [wire.receive() for _ in bodies]


def fill_with_names(wire):
    """Creates named, persistent objects of 64 bytes until the store refuses; returns their number and the refusal."""
    count = 0
    # The memory file comes with the first blob.
    if "code" in (reply := wire.call("create_buffer_request", size=64)):
        return count, reply
    if reply["fd"] != -1:
        os.close(wire.receive_file())
    while True:
        blobs = pipeline(wire, [{"type": "create_buffer_request", "size": 64}] * BATCH)
        refusals = [reply for reply in blobs if "code" in reply]
        if refusals:
            return count, refusals[0]
        ids = [reply["id"] for reply in blobs]
        pipeline(wire, [{"type": "seal_request", "object_id": ident} for ident in ids])
        content = [
            metadata(
                "vineyard::Tensor<int64>",
                shape_="[8]",
                order_="C",
                value_type_="int64",
                partition_index_="[]",
                buffer_=blob_member(ident, 64),
            )
            for ident in ids
        ]
        objects = pipeline(wire, [{"type": "create_data_request", "content": each} for each in content])
        refusals = [reply for reply in objects if "code" in reply]
        if refusals:
            return count, refusals[0]
        names = [f"/vineyard/data/run/part-{count + index:07d}" for index in range(BATCH)]
        replies = pipeline(
            wire,
            [
                request
                for reply, name in zip(objects, names, strict=True)
                for request in (
                    {"type": "persist_request", "id": reply["id"]},
                    {"type": "put_name_request", "object_id": reply["id"], "name": name},
                )
            ],
        )
        refusals = [reply for reply in replies if "code" in reply]
        if refusals:
            return count, refusals[0]
        count += BATCH


SIZES = [
    pytest.param(512 * MIB, id="512Mi"),
    pytest.param(2 * GIB, id="2Gi", marks=pytest.mark.slow),
    pytest.param(8 * GIB, id="8Gi", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("container", SIZES)
def test_given_a_container_when_filled_with_large_then_named_objects_then_it_is_refused(in_group, container):
    daemon, group = in_group(container)
    with daemon.wire() as wire:
        limit = limit_of(wire)
        assert limit > container * 0.7
        count, refusal = fill(wire, 16 * MIB)
        assert count == limit // (16 * MIB)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        _, refusal = fill(wire, MIB)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        _, refusal = fill(wire, 4096)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        wire.ask("clear_request")
        count, refusal = fill_with_names(wire)
        assert count > 5_000
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        assert "of metadata" in refusal["message"]
        _, refusal = fill(wire, 16 * MIB)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        assert group.usage <= container


@pytest.mark.parametrize("size", [pytest.param(256 * MIB, id="256Mi"), *SIZES[1:]])
def test_given_the_container_of_a_deployment_when_its_size_is_written_then_all_of_it_fits(in_group, size):
    daemon, _ = in_group(deployed_limit(size), size=str(size))
    with daemon.wire() as wire:
        assert limit_of(wire) == size
        for blob in (16 * MIB, MIB, 64 * 1024, 4096):
            fill(wire, blob)
        assert wire.memory_usage() == size


def test_given_metadata_that_fills_its_share_when_objects_are_deleted_then_there_is_room_again(in_group):
    daemon, _ = in_group(256 * MIB)
    with daemon.wire() as wire:
        before, refusal = fill_with_names(wire)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        assert wire.refused("put_name_request", object_id=1, name="n" * 20_000)[0] == NOT_ENOUGH_MEMORY
        wire.ask("list_data_request", pattern="*", regex=False, limit=10)
        wire.ask("clear_request")
        for name in wire.ask("list_name_request", pattern="*", regex=False, limit=1_000_000)["names"]:
            wire.ask("drop_name_request", name=name)
        eventually(lambda: "code" not in wire.call("create_buffer_request", size=64), "there is room again")
        after, refusal = fill_with_names(wire)
        assert refusal["code"] == NOT_ENOUGH_MEMORY
        assert after > before // 2


def test_given_messages_that_never_end_when_many_clients_send_them_then_they_are_refused(in_group):
    daemon, _ = in_group(256 * MIB)
    header = struct.pack("<Q", 200 * MIB)
    clients = [daemon.wire() for _ in range(4)]
    for client in clients:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            client.send_bytes(header)
            for _ in range(200):
                client.send_bytes(b" " * MIB)
    with daemon.wire() as wire:
        wire.new_object()
    for client in clients:
        client.close()


def tree_of_many(wire):
    """A small object that is large when it is written out: each has the former one as a member twice."""
    ident = wire.new_object(comment="x" * 1000)
    for _ in range(40):
        ident = wire.new_object(first={"id": text(ident)}, second={"id": text(ident)})
    return ident


def test_given_a_full_store_when_many_ask_for_a_tree_that_never_ends_then_all_are_refused(in_group):
    daemon, group = in_group(512 * MIB)
    with daemon.wire() as wire:
        fill(wire, 8 * MIB)
        ident = tree_of_many(wire)
        clients = [daemon.wire() for _ in range(16)]
        for client in clients:
            client.send("get_data_request", id=[ident])
        assert {client.receive().get("code") for client in clients} == {NOT_ENOUGH_MEMORY}
        assert group.usage <= 512 * MIB
        wire.new_object()
    for client in clients:
        client.close()


def test_given_a_full_store_when_long_names_are_listed_then_the_reply_is_refused(in_group):
    daemon, _ = in_group(512 * MIB)
    with daemon.wire() as wire:
        fill(wire, 8 * MIB)
        ident = wire.new_object()
        wire.ask("persist_request", id=ident)
        count = 0
        while "code" not in wire.call("put_name_request", object_id=ident, name=f"{count:08}" + "\x01" * 4000):
            count += 1
        assert count > 10
        assert wire.refused("list_name_request", pattern="*", regex=False, limit=1_000_000)[0] == NOT_ENOUGH_MEMORY
        assert len(wire.ask("list_name_request", pattern="*", regex=False, limit=2)["names"]) == 2


def test_given_a_full_store_when_half_a_million_empty_blobs_are_asked_for_then_the_reply_is_refused(in_group):
    daemon, _ = in_group(512 * MIB)
    with daemon.wire() as wire:
        fill(wire, 8 * MIB)
        used = wire.memory_usage()
        assert wire.refused("create_buffers_request", sizes=[0] * 490_000, num=490_000)[0] == NOT_ENOUGH_MEMORY
        ident = 0x8000000000000000
        assert wire.refused("get_buffers_request", ids=[ident] * 131_072, unsafe=False)[0] == NOT_ENOUGH_MEMORY
        assert wire.memory_usage() == used


def test_given_a_full_store_when_many_long_messages_end_together_then_those_beyond_the_room_are_refused(in_group):
    daemon, _ = in_group(512 * MIB)
    fields = ",".join(f'"k{number:05}":{{}}' for number in range(40_000))
    body = f'{{"type":"create_data_request","content":{{"typename":"t","instance_id":0,{fields}}}}}'.encode()
    with daemon.wire() as wire:
        fill(wire, 8 * MIB)
        clients = [daemon.wire() for _ in range(24)]
        for client in clients:
            client.send_bytes(struct.pack("<Q", len(body)) + body[:-1])
        for client in clients:
            client.send_bytes(body[-1:])
        codes = [client.receive().get("code") for client in clients]
        assert NOT_ENOUGH_MEMORY in codes
        assert wire.exists(0) is False
    for client in clients:
        client.close()


def test_given_half_messages_of_a_volume_when_they_have_their_share_then_others_are_still_served(in_group):
    daemon, _ = in_group(512 * MIB)
    volume = Volume(daemon, "a")
    header = struct.pack("<Q", 200 * MIB)
    clients = []
    for _ in range(20):
        # The later ones find no room even to be accepted.
        with suppress(OSError):
            client = volume.wire()
            clients.append(client)
            client.send_bytes(header)
            # Less than a doubling of the buffer: this one stays half.
            client.send_bytes(b" " * (MIB - 100))
    with daemon.wire() as wire:
        ident = wire.new_object(text="x" * (MIB // 2))
        assert len(wire.content(ident)) == 1
    Volume(daemon, "b").wire().close()
    assert len(clients) >= 2
    for client in clients:
        client.close()
