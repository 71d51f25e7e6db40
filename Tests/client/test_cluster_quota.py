"""A volume's quota that holds for all stores that share an etcd."""

import os
import signal
import threading
import urllib.request

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port
from sharing import etcdctl
from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20


@pytest.fixture
def start(etcd, tmp_path, request):
    """Starts stores that share an etcd and an admin token, each on a node of its own name."""
    (tmp_path / "token").write_text("a token that only stores have\n")
    started = []
    prefix = f"quota{id(request)}"

    def start(size="128M", *flags):
        port = free_port()
        flags = [
            *etcd.flags(prefix),
            "--metrics_port",
            str(port),
            "--meta_silence",
            "3",
            "--admin_token_file",
            str(tmp_path / "token"),
            *flags,
        ]
        started.append(Daemon(size=size, flags=flags))
        started[-1].environment["MY_NODE_NAME"] = f"node{len(started)}"
        started[-1].prefix = prefix
        started[-1].metrics_port = port
        return started[-1].start()

    try:
        yield start
    finally:
        for daemon in started:
            daemon.process.send_signal(signal.SIGCONT)
            daemon.discard()


def open_on(daemons, **settings):
    """The same volume on all stores."""
    return [Volume(daemon, "v", locality="cluster", **settings) for daemon in daemons]


def create(wire, size=MIB):
    """A blob's id, or the refusal."""
    reply = wire.call("create_buffer_request", size=size)
    if "code" in reply:
        return reply["code"], reply["message"]
    if reply["fd"] >= 0:
        os.close(wire.receive_file())
    return reply["id"]


def grants(etcd, daemon):
    """What etcd has of the quota."""
    text = etcdctl(etcd, "get", "--print-value-only", "--prefix", f"{daemon.prefix}/cluster/grants/")
    return text if isinstance(text, dict) else {}


def metric(daemon, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.metrics_port}/metrics") as page:
        lines = page.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[-1])


# The quota holds


def test_given_clients_on_three_stores_then_together_they_get_all_of_the_quota_and_no_more(etcd, start) -> None:
    daemons = [start() for _ in range(3)]
    volumes = open_on(daemons, quota=40 * MIB)
    made, refusals = [], []

    def fill(volume):
        with volume.wire() as wire:
            while True:
                found = create(wire, 3 * MIB // 2)
                if isinstance(found, tuple):
                    refusals.append(found)
                    done.wait()
                    return
                made.append(found)

    done = threading.Barrier(7)
    threads = [threading.Thread(target=fill, args=(volumes[i % 3],)) for i in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(refusals) == 6, "everybody is refused in the end")
    assert len(made) == 40 * 2 // 3
    for code, message in refusals:
        assert code == 41 and f"volume 'v' may have {40 * MIB} bytes on all stores" in message
        assert all(f"instance {i}" in message for i in range(3))
    assert sum(grants(etcd, daemons[0])["grants"].values()) <= 40 * MIB
    done.wait()
    for thread in threads:
        thread.join()


def test_given_what_a_store_does_not_use_any_more_when_another_needs_it_then_it_is_given_back(etcd, start) -> None:
    daemons = [start(), start("128M")]
    here, there = open_on(daemons, quota=40 * MIB)
    with here.wire() as first, there.wire() as second:
        blob = create(first, 30 * MIB)
        code, message = create(second, 20 * MIB)
        assert code == 41 and f"{30 * MIB} by instance" in message
        assert isinstance(create(second, 10 * MIB), int)
        first.ask("drop_buffer_request", id=blob)
        large = create(second, 30 * MIB)
        assert isinstance(large, int) and create(first, MIB)[0] == 41
        # Several blobs at once come together or not at all.
        second.ask("drop_buffer_request", id=large)
        assert len(first.ask("create_buffers_request", sizes=[10 * MIB] * 3)["ids"]) == 3
        assert there.record["condition"]["abnormal"] is False


def test_given_a_released_client_when_it_writes_beyond_its_stores_part_then_it_notices_nothing(start) -> None:
    daemons = [start(), start()]
    here, there = open_on(daemons, quota=48 * MIB)
    writer = vineyard.connect(here.socket)
    for i in range(4):
        writer.put(np.full(9 * MIB, i, "u1"), persist=True, name="same")
    reader = vineyard.connect(there.socket)
    eventually(lambda: (reader.get(name="same") == 3).all(), "the last one is there")
    reader.put(np.zeros(20 * MIB, "u1"), persist=True, name="other")
    with pytest.raises(vineyard.NotEnoughMemoryException, match="on all stores"):
        writer.put(np.zeros(30 * MIB, "u1"))


# Stores and etcd that go


def test_given_a_store_that_dies_then_others_get_what_it_had(start) -> None:
    daemons = [start(), start()]
    here, there = open_on(daemons, quota=40 * MIB)
    with here.wire() as first, there.wire() as second:
        assert isinstance(create(first, 30 * MIB), int)
        daemons[0].kill()
        assert isinstance(create(second, 40 * MIB), int)


def test_given_no_etcd_then_a_store_uses_what_it_has_and_more_fails_in_time_with_the_reason(etcd, start) -> None:
    daemon = start("128M", "--meta_timeout", "2")
    (volume,) = open_on([daemon], quota=64 * MIB)
    with volume.wire() as wire:
        assert isinstance(create(wire, MIB), int)
        with etcd.hung():
            assert isinstance(create(wire, MIB // 2), int)
            code, message = create(wire, 32 * MIB)
            assert code != 0 and "quota of volume 'v'" in message and "etcd" in message
        eventually(lambda: not isinstance(create(wire, 32 * MIB), tuple), "etcd answers again")


# What a store has


def test_given_a_blob_that_no_store_can_hold_then_the_refusal_names_the_store(start) -> None:
    daemon = start("64M")
    (volume,) = open_on([daemon], quota=200 * MIB)
    with volume.wire() as wire:
        code, message = create(wire, 100 * MIB)
        assert code == 41 and daemon.socket in message and "node1" in message and "fit into the store" in message
        assert isinstance(create(wire, 40 * MIB), int)
        code, message = create(wire, 40 * MIB)
        assert code == 41 and daemon.socket in message and "room on other stores" in message


def test_given_copies_of_what_others_have_when_there_is_no_other_memory_then_they_go_first(start) -> None:
    daemons = [start(), start("64M")]
    here, there = open_on(daemons, quota=200 * MIB)
    vineyard.connect(here.socket).put(np.zeros(20 * MIB, "u1"), persist=True, name="x")
    reader = vineyard.connect(there.socket)
    assert reader.get(name="x").nbytes == 20 * MIB
    reader.close()
    with there.wire() as wire:
        assert isinstance(create(wire, 60 * MIB), int)


# Another quota


def test_given_a_smaller_quota_then_what_is_not_used_is_given_back_first_and_what_is_used_is_kept(etcd, start) -> None:
    daemons = [start(), start()]
    here, there = open_on(daemons, quota=40 * MIB)
    with here.wire() as first, there.wire() as second:
        blob = create(first, 25 * MIB)
        assert isinstance(create(first, 5 * MIB), int) and isinstance(create(second, 5 * MIB), int)
        first.ask("drop_buffer_request", id=blob)
        eventually(lambda: there.record["used"] == 10 * MIB, "the use is known")
        assert there.ask("resize_volume_request", quota=12 * MIB)["volume"]["quota"] == 12 * MIB
        assert sum(grants(etcd, daemons[0])["grants"].values()) <= 12 * MIB
        assert create(first, 3 * MIB)[0] == 41 and isinstance(create(first, 2 * MIB), int)
        with daemons[0].wire() as main:
            code, _ = main.refused("resize_volume_request", id="v", quota=11 * MIB)
            assert code == 41
        here.ask("resize_volume_request", quota=20 * MIB)
        assert isinstance(create(second, 8 * MIB), int) and create(first, MIB)[0] == 41


def test_given_a_volume_that_is_deleted_then_nothing_is_left_of_its_quota(etcd, start) -> None:
    daemons = [start(), start()]
    for _ in range(2):
        here, there = open_on(daemons, quota=10 * MIB)
        with here.wire() as first, there.wire() as second:
            assert isinstance(create(first, 6 * MIB), int) and isinstance(create(second, 4 * MIB), int)
            assert create(first, MIB)[0] == 41
        assert there.delete()
        eventually(lambda: grants(etcd, daemons[0]) == {}, "etcd has nothing of it")
        eventually(lambda: not here.directory.exists(), "the other store has dropped it")


def test_given_a_volume_of_several_stores_then_metrics_tell_of_its_quota(start) -> None:
    daemons = [start("128M"), start()]
    here, there = open_on(daemons, quota=40 * MIB)
    with here.wire() as first, there.wire() as second:
        assert isinstance(create(first, 5 * MIB), int) and isinstance(create(second, 6 * MIB), int)
        assert 5 * MIB <= metric(daemons[0], 'vineyard_volume_quota_granted_bytes{volume="v"}') < 40 * MIB
        eventually(
            lambda: metric(daemons[0], 'vineyard_volume_cluster_used_bytes{volume="v"}') == 11 * MIB,
            "the use of both is known",
        )
        assert metric(daemons[0], 'vineyard_volume_limit_bytes{volume="v"}') == 40 * MIB
        assert metric(daemons[0], "vineyard_quota_waits_total") >= 1
        assert create(second, 40 * MIB)[0] == 41


def test_given_many_blobs_then_few_of_them_wait_for_the_quota(start) -> None:
    daemon = start("128M")
    (volume,) = open_on([daemon], quota=100 * MIB)
    with volume.wire() as wire:
        for _ in range(90):
            assert isinstance(create(wire, MIB), int)
        assert metric(daemon, "vineyard_quota_waits_total") < 30
