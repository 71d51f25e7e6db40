"""Snapshots and clones of volumes of locality cluster: one cut, of which each of three stores keeps its part."""

import signal
import threading
import urllib.request

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port
from peer import Peer
from sharing import etcdctl
from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20


@pytest.fixture
def start(etcd, tmp_path, request):
    """Starts stores that share an etcd, and an admin token."""
    started = []
    prefix = f"copies{id(request)}"
    (tmp_path / "token").write_text("a token that only stores have\n")
    flags = [*etcd.flags(prefix), "--admin_token_file", str(tmp_path / "token")]
    # What a dead store had goes soon.
    flags += ["--meta_lease", "2", "--meta_silence", "1"]

    def start(*more, size="128M"):
        started.append(Daemon(size=size, flags=[*flags, *more]))
        started[-1].prefix = prefix
        return started[-1].start()

    try:
        yield start
    finally:
        for daemon in started:
            daemon.process.send_signal(signal.SIGCONT)
            daemon.discard()


@pytest.fixture
def stores(start):
    return start(), start(), start()


@pytest.fixture
def volumes(stores):
    """The same volume on all stores, each of which has written something."""
    volumes = [Volume(daemon, "v", locality="cluster") for daemon in stores]
    for i, volume in enumerate(volumes):
        put(volume, np.full(MIB, i, "u1"), f"n{i}")
    for volume in volumes:
        eventually(lambda volume=volume: len(names(volume)) == 3, "each store knows all names")
    return volumes


def put(volume, value, name):
    return volume.connect().put(value, persist=True, name=name)


def get(volume, name):
    return volume.connect().get(name=name)


def names(volume):
    return sorted(volume.connect().list_names("*", limit=1000))


def ask(daemon, request, **fields):
    with daemon.wire() as main:
        return main.ask(request, **fields)


def refused(daemon, request, **fields):
    with daemon.wire() as main:
        return main.refused(request, **fields)


def snapshot(daemon, ident="s", source="v"):
    return ask(daemon, "create_snapshot_request", id=ident, source=source)["volume"]


def clone(daemon, ident="c", kind="volume", source="v", **settings):
    return Volume(daemon, ident, locality="cluster", source={"kind": kind, "id": source}, **settings)


def keys(etcd, daemon, *words):
    """The keys of all sessions but the root's, and of copies and snapshots."""
    found = etcdctl(etcd, "get", "--prefix", "--keys-only", f"{daemon.prefix}/").split()
    return [key for key in found if any(word in key for word in words)]


def used(daemon):
    with daemon.wire() as main:
        return main.ask("instance_status_request")["meta"]["memory_usage"]


def assert_whole(volume, last=3):
    """The volume has what the fixture has written."""
    assert names(volume) == [f"n{i}" for i in range(last)]
    for i in range(last):
        np.testing.assert_array_equal(get(volume, f"n{i}"), np.full(MIB, i, "u1"))


def test_given_a_snapshot_when_the_volume_goes_on_then_a_volume_made_of_it_has_the_old_state_on_every_store(
    etcd, stores, volumes
) -> None:
    taken = snapshot(stores[0])
    assert (taken["kind"], taken["locality"], taken["source"], taken["names"]) == ("snapshot", "cluster", "v", 3)
    assert 3 * MIB <= taken["used"] < 4 * MIB
    assert snapshot(stores[1]) == taken, "the same again is the one there is, on any store"
    assert ask(stores[2], "inspect_volume_request", id="s", kind="snapshot")["volume"] == taken
    for i, volume in enumerate(volumes):
        volume.connect().delete(volume.connect().get_name(f"n{i}"), deep=True)
        put(volume, "new", f"later{i}")
    # Bytes are shared: what was deleted is only the snapshot's by now.
    for daemon in stores:
        eventually(lambda daemon=daemon: MIB <= used(daemon) < 2 * MIB, "each store keeps its part, once")
    restored = clone(stores[1], kind="snapshot", source="s")
    assert restored.opened["source"] == "s" and restored.opened["names"] == 3
    eventually(lambda: restored.record["used"] == taken["used"], "all parts count")
    everywhere = [restored, *(clone(stores[i], kind="snapshot", source="s") for i in (0, 2))]
    for volume in everywhere:
        assert_whole(volume)
    put(restored, "only here", "x")
    assert names(volumes[0]) == ["later0", "later1", "later2"]

    assert ask(stores[2], "delete_snapshot_request", id="s")["deleted"]
    assert not ask(stores[0], "delete_snapshot_request", id="s")["deleted"]
    for i, volume in enumerate(everywhere):
        np.testing.assert_array_equal(get(volume, f"n{i}"), np.full(MIB, i, "u1"))
    restored.delete()
    volumes[0].delete()
    for daemon in stores:
        eventually(lambda daemon=daemon: used(daemon) == 0, "all bytes are free")
    eventually(
        lambda: keys(etcd, stores[0], "/copies/", "/snapshots/", "/volumes/", "/data/o", "/grants/") == [],
        "nothing is left in etcd",
    )


def test_given_a_clone_when_its_source_is_deleted_then_it_stays_and_the_reverse(stores, volumes) -> None:
    cloned = clone(stores[2])
    assert_whole(cloned)
    assert volumes[0].delete()
    eventually(lambda: not volumes[2].directory.exists(), "the source is gone")
    assert_whole(cloned)
    # Also on a store that had a part and was not asked: it serves the volume already.
    eventually(lambda: Volume(stores[0], "c", locality="cluster", source={"kind": "volume", "id": "v"}), "it is open")
    again = clone(stores[1], "d", source="c")
    assert cloned.delete()
    assert_whole(again)


def test_given_writers_on_all_stores_then_a_snapshot_has_what_was_there_at_one_moment(stores, volumes) -> None:
    """Each writer goes on only when the one before has: a cut has no gap in what it has of them."""
    ends = threading.Event()
    count = [0]
    clients = [volume.connect() for volume in volumes]

    def write():
        while not ends.is_set():
            i = count[0]
            clients[i % 3].put(np.full(1000, i), persist=True, name=f"step{i:05}")
            count[0] += 1
            if i >= 10:
                former = clients[(i - 10) % 3]
                former.delete(former.get_name(f"step{i - 10:05}"), deep=True)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = []
        eventually(lambda: count[0] > 12, "there is something to copy")
        for i in range(4):
            before = count[0]
            snapshot(stores[i % 3], f"s{i}")
            taken.append((before, count[0]))
    finally:
        ends.set()
        writer.join()
    for i, (before, after) in enumerate(taken):
        restored = clone(stores[(i + 1) % 3], f"c{i}", kind="snapshot", source=f"s{i}")
        steps = [int(name[4:]) for name in names(restored) if name.startswith("step")]
        assert steps == list(range(steps[0], steps[-1] + 1)) and 10 <= len(steps) <= 11, "no gap"
        assert before - 1 <= steps[-1] <= after
        reader = restored.connect()
        for step in steps:
            assert (reader.get(name=f"step{step:05}") == step).all()


def test_given_a_quota_then_the_copy_counts_in_full_over_all_stores(stores, volumes) -> None:
    code, message = refused(
        stores[0], "open_volume_request", id="c", locality="cluster", quota=2 * MIB,
        source={"kind": "volume", "id": "v"})  # fmt: skip
    assert code == 41 and "the quota is 2097152" in message
    cloned = clone(stores[0], quota=5 * MIB)
    eventually(lambda: 3 * MIB <= cloned.record["used"] < 4 * MIB, "all parts count")
    put(cloned, np.zeros(MIB, "u1"), "more")
    with pytest.raises(vineyard.NotEnoughMemoryException, match="volume 'c'"):
        put(cloned, np.zeros(2 * MIB, "u1"), "too much")
    assert cloned.ask("resize_volume_request", quota=8 * MIB)["volume"]["quota"] == 8 * MIB
    put(cloned, np.zeros(2 * MIB, "u1"), "more yet")
    assert volumes[0].record["quota"] == 0


def test_given_a_frozen_volume_then_its_clone_is_writable(stores, volumes) -> None:
    volumes[1].ask("freeze_volume_request", frozen=True)
    snapshot(stores[0])
    cloned = clone(stores[1])
    put(cloned, 1, "x")
    eventually(lambda: volumes[0].record["frozen"], "the source is frozen everywhere")
    with pytest.raises(vineyard.NotImplementedException):
        put(volumes[0], 1, "x")


def test_given_a_store_that_hangs_then_a_copy_is_refused_with_its_place_and_nothing_is_left(
    etcd, stores, volumes
) -> None:
    stores[2].process.send_signal(signal.SIGSTOP)
    code, message = refused(stores[0], "create_snapshot_request", id="s", source="v")
    assert code == 31 and stores[2].socket in message and "(hint: " in message
    with stores[0].wire() as wire:
        assert wire.refused("inspect_volume_request", id="s", kind="snapshot")[0] == 12
    stores[2].process.send_signal(signal.SIGCONT)
    eventually(lambda: keys(etcd, stores[0], "/copies/", "/snapshots/") == [], "nothing is left")
    sessions = {key.split("/")[1] for key in keys(etcd, stores[0], "/data/o")}
    assert len(sessions) == 1
    eventually(lambda: len(names(volumes[0])) == 3, "all is there again")
    eventually(lambda: "volume" in try_snapshot(stores[1]), "it is made later")
    assert_whole(clone(stores[1], kind="snapshot", source="s"))


def try_snapshot(daemon):
    with daemon.wire() as main:
        return main.call("create_snapshot_request", id="s", source="v")


def test_given_a_store_that_has_died_then_a_copy_has_to_wait_until_its_part_is_given_up(stores, volumes) -> None:
    stores[2].kill()
    code, message = refused(stores[0], "create_snapshot_request", id="s", source="v")
    assert code == 31 and "(hint: " in message
    eventually(lambda: "volume" in try_snapshot(stores[0]), "what the dead store had is gone from the volume")
    assert_whole(clone(stores[0], kind="snapshot", source="s"), 2)


def test_given_a_snapshot_when_a_store_with_a_part_dies_then_it_is_lost_and_says_so(stores, volumes) -> None:
    snapshot(stores[0])
    stores[2].kill()

    def record():
        return ask(stores[1], "inspect_volume_request", id="s", kind="snapshot")["volume"]

    condition = eventually(lambda: record()["condition"]["abnormal"] and record()["condition"], "it is lost")
    assert "lost" in condition["message"]
    source = {"kind": "snapshot", "id": "s"}

    def refusal():
        return refused(stores[0], "open_volume_request", id="c", locality="cluster", source=source)

    eventually(lambda: refusal()[0] == 12 and "lost" in refusal()[1], "no volume is made of it")
    assert ask(stores[0], "delete_snapshot_request", id="s")["deleted"]


def test_given_the_store_that_makes_a_copy_when_it_dies_then_nothing_is_left_of_it(etcd, stores, volumes) -> None:
    # The other one does not answer, so that the copy is under way for a while.
    stores[2].process.send_signal(signal.SIGSTOP)
    with stores[0].wire() as wire:
        wire.send("create_snapshot_request", id="s", source="v")
        eventually(lambda: keys(etcd, stores[1], "/copies/"), "it is under way")
        stores[0].kill()
    stores[2].process.send_signal(signal.SIGCONT)
    eventually(lambda: keys(etcd, stores[1], "/copies/") == [], "nobody goes on with it")
    eventually(lambda: len({key.split("/")[1] for key in keys(etcd, stores[1], "/data/o")}) == 1, "one session is left")
    assert keys(etcd, stores[1], "/snapshots/") == []


def test_given_etcd_that_loses_its_data_then_snapshots_return(etcd, stores, volumes) -> None:
    taken = snapshot(stores[0])
    etcd.wipe()
    etcd.start()
    eventually(lambda: len(keys(etcd, stores[0], "/snapshots/s")) == 1, "the document is there again")
    eventually(lambda: len(keys(etcd, stores[0], "/names/")) == 6, "and the names of both sessions")
    eventually(
        lambda: ask(stores[1], "inspect_volume_request", id="s", kind="snapshot")["volume"] == taken, "it is as before"
    )
    cloned = eventually(lambda: try_clone(stores[1]), "a volume is made of it")
    assert_whole(cloned)


def try_clone(daemon):
    with daemon.wire() as main:
        source = {"kind": "snapshot", "id": "s"}
        reply = main.call("open_volume_request", id="c", locality="cluster", source=source)
    return clone(daemon, kind="snapshot", source="s") if reply["type"] == "open_volume_reply" else None


def test_given_what_cannot_be_copied_then_it_is_refused(stores) -> None:
    Volume(stores[0], "v", locality="cluster")
    Volume(stores[0], "own")
    for settings, code, words in (
        ({"source": {"kind": "volume", "id": "none"}}, 12, "does not exist"),
        ({"source": {"kind": "snapshot", "id": "none"}}, 12, "does not exist"),
        ({"source": {"kind": "volume", "id": "v"}, "scope": "cluster"}, 6, "scope volume"),
        ({"source": {"kind": "volume", "id": "own"}}, 6, "on one store"),
        ({"source": {"kind": "volume", "id": "v"}, "locality": "node"}, 6, "locality cluster"),
    ):
        refusal, message = refused(stores[0], "open_volume_request", **{"id": "c", "locality": "cluster", **settings})
        assert refusal == code and words in message
    assert [volume["id"] for volume in ask(stores[0], "list_volumes_request")["volumes"]] == ["own", "v"]
    assert refused(stores[0], "create_snapshot_request", id="s", source="none")[0] == 12
    snapshot(stores[1])
    ask(stores[0], "open_volume_request", id="w", locality="cluster")
    assert refused(stores[0], "create_snapshot_request", id="s", source="w")[0] == 11


# What is fetched ahead


def metric(daemon, name):
    port = daemon.flags[daemon.flags.index("--metrics_port") + 1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.split(" ")[0].split("{")[0] == name)


def test_given_a_volume_that_is_opened_with_prefetch_then_what_was_written_last_comes_as_far_as_there_is_room(
    start,
) -> None:
    owner = Volume(start(), "v", locality="cluster")
    for i in range(6):
        put(owner, np.full(4 * MIB, i, "u1"), f"n{i}")
    there = start("--metrics_port", str(free_port()), "--copies_limit", "10M")
    reader = Volume(there, "v", locality="cluster", prefetch=True)
    eventually(lambda: metric(there, "vineyard_cached_bytes") >= 8 * MIB, "the last two are there")
    fetched = metric(there, "vineyard_fetched_bytes_total")
    assert fetched == metric(there, "vineyard_cached_bytes") <= 10 * MIB
    with Peer(reader.socket) as step:
        assert step.run("[int(client.get(name=name).max()) for name in ('n5', 'n4')]") == [5, 4]
    assert metric(there, "vineyard_fetched_bytes_total") == fetched, "nobody had to wait for them"
    with Peer(reader.socket) as step:
        assert step.run("int(client.get(name='n0').max())") == 0
    assert metric(there, "vineyard_cached_bytes") <= 10 * MIB, "others take their room"
