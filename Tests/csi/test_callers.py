"""Callers that give up, that send nonsense, that come in great numbers or for a long time."""

import contextlib
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from harness import mounts
from harness.node import capability, parameters
from waiting import eventually

NAMES = ["with/slashes/../..", "..", " spaces and\ttabs", "ünïcode", "UPPER", "x-" + "0" * 32, "snap-1", "%2e%2e",
         "c0ffee00-0c1a-11ee-9a5e-0242ac120002", "a" * 500, "null\0byte"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:24])
def test_given_any_name_when_a_volume_is_made_of_it_then_it_lives_as_any_other(node, name):
    volume = node.create(name)
    assert node.create(name) == volume and len(volume.volume_id) <= 128
    target = node.publish(volume)
    [mount] = mounts.at(target)
    assert mount.root.startswith(f"{node.socket_directory()}/volumes/") and ".." not in mount.root
    snapshot = node.driver.call("CreateSnapshot", name=name, source_volume_id=volume.volume_id).snapshot
    assert len(snapshot.snapshot_id) <= 128
    node.unpublish(volume, target)
    node.driver.call("DeleteSnapshot", snapshot_id=snapshot.snapshot_id)
    node.delete(volume)
    assert node.records() == node.records("snapshot") == {}


def test_given_names_that_look_alike_then_each_is_a_volume_of_its_own(node):
    names = [*NAMES, "with/slashes/..", "with-slashes", "UPPEr", "upper", "a" * 499]
    assert len({node.create(name, size=None).volume_id for name in names}) == len(names) == len(node.records())


def test_given_a_caller_that_gives_up_when_the_next_comes_then_it_is_served(node):
    volume, target = node.create("pvc-1"), node.target()
    os.kill(node.store.pid, signal.SIGSTOP)
    try:
        calls = [node.driver.begin(method, **fields) for method, fields in [
            ("NodePublishVolume", node.publication(volume, target)),
            ("CreateVolume", {"name": "pvc-2", "parameters": parameters(), "volume_capabilities": [capability()]}),
            ("DeleteVolume", {"volume_id": volume.volume_id})] for _ in range(5)]  # fmt: skip
        assert node.driver.endpoint.is_there()
        for call in calls:
            call.cancel()
    finally:
        os.kill(node.store.pid, signal.SIGCONT)
    # What a call that nobody waits for has begun may still be done.
    volume = node.create("pvc-1")
    assert node.publish(volume) == target and len(mounts.at(target)) == 1
    node.unpublish(volume, target)
    for name in ("pvc-1", "pvc-2"):
        node.delete(node.create(name, size=None if name == "pvc-2" else 32 << 20))
    eventually(lambda: node.records() == {}, "no volume is left")


def test_given_nonsense_on_the_socket_then_the_driver_serves_all_others(node):
    for nonsense in (b"", b"\0" * 64, b"GET / HTTP/1.1\r\n\r\n", os.urandom(100_000),
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(1000)):  # fmt: skip
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(node.driver.socket))
            with contextlib.suppress(OSError):
                connection.sendall(nonsense)
            assert node.driver.endpoint.is_there()
    with grpc.insecure_channel(f"unix:{node.driver.socket}") as channel:
        for path in ("/csi.v1.Controller/CreateVolume", "/csi.v1.Node/NodePublishVolume", "/csi.v1.Node/None", "/"):
            with pytest.raises(grpc.RpcError):
                channel.unary_unary(path)(os.urandom(1000), timeout=30)
    node.delete(node.create("pvc-1"))


def test_given_a_request_of_megabytes_then_it_is_refused_and_the_driver_goes_on(node):
    huge = {"csi.storage.k8s.io/pvc/name": "x" * (8 << 20)}
    refused = node.driver.refused("CreateVolume", name="pvc-1", parameters={**parameters(), **huge},
                                  volume_capabilities=[capability()])  # fmt: skip
    # The library resets such a stream.
    assert refused.code in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "CANCELLED")
    assert node.records() == {}
    node.create("pvc-1")


@pytest.mark.parametrize(("method", "entries"), [("ListVolumes", -1), ("ListSnapshots", -5)])
def test_given_a_negative_number_of_entries_then_it_is_refused(node, method, entries):
    assert node.driver.refused(method, max_entries=entries).code == "INVALID_ARGUMENT"


def test_given_any_page_size_then_the_pages_together_are_the_list(node):
    made = sorted(node.create(f"pvc-{number}", size=None).volume_id for number in range(7))
    for size in (1, 2, 3, 6, 7, 8, 2**31 - 1):
        told, token = [], ""
        while True:
            page = node.driver.call("ListVolumes", max_entries=size, starting_token=token)
            told += [entry.volume.volume_id for entry in page.entries]
            assert len(page.entries) <= size
            token = page.next_token
            if not token:
                break
        assert told == made


def test_given_hundreds_of_callers_at_once_then_all_are_served(node):
    with ThreadPoolExecutor(300) as pool:
        volumes = list(pool.map(lambda n: node.create(f"pvc-{n}", size=None), range(300)))
        targets = list(pool.map(lambda volume: node.publish(volume, volume.volume_id[16:]), volumes))
        assert len(mounts.below(node.pods)) == 300
        list(pool.map(node.unpublish, volumes, targets))
        list(pool.map(node.delete, volumes))
    assert node.records() == {} and not mounts.below(node.pods)


def test_given_many_calls_then_no_file_and_no_thread_is_left_in_the_driver(node):
    def held():
        process = Path(f"/proc/{node.driver.process.pid}")
        files = len(list((process / "fd").iterdir()))
        return files, len(list((process / "task").iterdir()))

    def round_():
        volume = node.create("pvc-1")
        target = node.publish(volume)
        node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target))
        node.driver.refused("NodePublishVolume", **node.publication(volume, target, readonly=True))
        node.unpublish(volume, target)
        node.delete(volume)

    for _ in range(10):
        round_()
    files, threads = held()
    for _ in range(100):
        round_()
    # The pool of threads may grow a little; files may not.
    eventually(lambda: held()[0] <= files and held()[1] <= threads + 4, lambda: f"{held()} like {files, threads}")
