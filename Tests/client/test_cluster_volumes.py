"""Volumes of locality cluster: the same names and objects on all stores that share an etcd."""

import contextlib
import signal
import threading

import numpy as np
import pytest
import vineyard
import vineyard.csi

from daemon import Daemon
from peer import Peer
from sharing import etcdctl
from volumes import Volume
from waiting import eventually
from wire import WireClient

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20
TOKEN = "a token that only stores have"


@pytest.fixture
def token(tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    return str(tmp_path / "token")


@pytest.fixture
def start(etcd, token, request):
    """Starts stores that share an etcd, and an admin token."""
    started = []
    prefix = f"volumes{id(request)}"

    def start(size="128M", flags=("--admin_token_file", token)):
        started.append(Daemon(size=size, flags=[*etcd.flags(prefix), "--meta_silence", "3", *flags]))
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
    return start(), start()


@pytest.fixture
def volumes(stores):
    """The same volume on both stores."""
    return tuple(Volume(daemon, "v", locality="cluster") for daemon in stores)


def volume_keys(etcd, prefix):
    """What etcd has about volumes, and the objects and names of all sessions but the root's."""
    keys = etcdctl(etcd, "get", "--prefix", "--keys-only", f"{prefix}/").split()
    kept = ["/cluster/volumes/", "/cluster/open/", "/cluster/tombstones/"]
    return [
        key
        for key in keys
        if any(word in key for word in kept)
        or not any(word in key for word in ("/cluster/", "/writers/", "/S0000000000000000/"))
    ]


@contextlib.contextmanager
def mounted(volume, place):
    """A volume where a pod finds it: at the same path on every node."""
    place.symlink_to(volume.directory)
    with Peer() as step:
        yield step
    place.unlink()


def get(volume, name):
    return vineyard.connect(volume.socket).get(name=name)


def put(volume, value, name):
    return vineyard.connect(volume.socket).put(value, persist=True, name=name)


# What is written on one node is read on another


def test_given_a_value_written_on_one_node_when_read_on_another_then_it_is_the_same(volumes, tmp_path) -> None:
    path = tmp_path / "data"
    with mounted(volumes[0], path) as step:
        step.run("vineyard.csi.write(np.arange(3_000_000), path)", path=str(path / "array"))
        step.run("vineyard.csi.write(pd.DataFrame({'a': [1, 2], 'b': [0.5, 1.5]}), path)", path=str(path / "frame"))
    with mounted(volumes[1], path) as step:
        found = step.run("vineyard.csi.read(path).sum().item()", path=str(path / "array"))
        assert found == np.arange(3_000_000).sum()
        assert step.run("vineyard.csi.read(path).b.tolist()", path=str(path / "frame")) == [0.5, 1.5]
        assert sorted(step.run(f"sorted(vineyard.connect({volumes[1].socket!r}).list_names('*'))")) == [
            str(path / "array"),
            str(path / "frame"),
        ]


def test_given_a_small_value_then_each_store_sees_all_changes_of_the_other(volumes) -> None:
    here, there = volumes
    put(here, {"round": 1}, "x")
    assert get(there, "x") == {"round": 1}
    target = put(there, "more", "y")
    assert get(here, "y") == "more"
    with here.wire() as wire:
        assert wire.ask("exists_request", id=int(target))["exists"]
    vineyard.connect(here.socket).delete(target)
    with there.wire() as wire:
        eventually(lambda: not wire.ask("exists_request", id=int(target))["exists"], "the object is gone there")
    with pytest.raises(vineyard.ObjectNotExistsException):
        get(there, "y")


def test_given_a_name_that_is_waited_for_on_one_store_then_another_one_gives_it(volumes) -> None:
    with volumes[1].wire() as reader:
        reader.send("get_name_request", name="later", wait=True)
        target = put(volumes[0], 42, "later")
        assert reader.receive()["object_id"] == int(target)


def test_given_a_name_that_another_store_points_elsewhere_then_the_former_object_goes_at_its_owner(volumes) -> None:
    here, there = volumes
    put(here, np.zeros(MIB, "u1"), "model")
    assert here.record["used"] >= MIB
    with here.wire() as wire:
        assert wire.ask("instance_status_request")["meta"]["memory_usage"] >= MIB
        put(there, np.ones(10), "model")
        eventually(
            lambda: wire.ask("instance_status_request")["meta"]["memory_usage"] < MIB, "the former object has gone"
        )
    np.testing.assert_array_equal(get(here, "model"), np.ones(10))


def test_given_a_large_object_then_its_copy_is_not_charged_and_the_use_is_the_owners(volumes) -> None:
    array = np.random.default_rng(1).integers(0, 255, 20 * MIB, dtype=np.uint8)
    put(volumes[0], array, "large")
    np.testing.assert_array_equal(get(volumes[1], "large"), array)
    with volumes[1].wire() as wire:
        assert wire.ask("instance_status_request")["meta"]["memory_usage"] == 0
    eventually(lambda: all(volume.record["used"] >= array.nbytes for volume in volumes), "all stores tell of its bytes")
    assert all(volume.record["used"] < 2 * array.nbytes for volume in volumes)
    assert [volume.record["objects"] for volume in volumes] == [volumes[0].record["objects"]] * 2


def test_given_a_global_object_with_members_on_two_stores_then_a_volumes_client_gets_all_as_its_own(volumes) -> None:
    members = [put(volume, np.full(1000, i), f"part{i}") for i, volume in enumerate(volumes)]
    client = vineyard.connect(volumes[0].socket)
    eventually(lambda: client.exists(members[1]), "the other part is known")
    meta = vineyard.ObjectMeta()
    meta["typename"] = "vineyard::Tuple"
    meta.set_global(True)
    meta["size_"] = 2
    for i, member in enumerate(members):
        meta.add_member(f"__elements_-{i}", member)
    whole = client.create_metadata(meta)
    client.persist(whole)
    for volume in volumes:
        reader = vineyard.connect(volume.socket)
        found = reader.get_meta(whole.id)
        for i in range(2):
            part = found[f"__elements_-{i}"]
            assert part.instance_id == part["buffer_"].instance_id == reader.instance_id


# Who sees what


def test_given_a_volume_then_nothing_of_it_is_seen_outside_and_nothing_outside_is_seen_in_it(stores, volumes) -> None:
    put(volumes[0], 1, "inside")
    vineyard.connect(stores[0].socket).put(2, persist=True, name="outside")
    other = [Volume(daemon, "w", locality="cluster") for daemon in stores]
    for daemon in stores:
        root = vineyard.connect(daemon.socket)
        eventually(lambda: "outside" in root.list_names("*"), "the name is everywhere")
        assert list(root.list_names("*")) == ["outside"]
    for volume in other:
        assert list(vineyard.connect(volume.socket).list_names("*")) == []
    eventually(lambda: list(vineyard.connect(volumes[1].socket).list_names("*")) == ["inside"], "the volume's name")
    with volumes[1].wire() as wire:
        meta = wire.ask("cluster_meta")["meta"]
        assert len(meta) == 1 and wire.registration["rpc_endpoint"] == "0.0.0.0:0"


def test_given_a_session_that_no_store_has_open_then_etcd_tells_nobody_what_is_written_there(
    etcd, stores, volumes
) -> None:
    prefix = stores[0].prefix
    put(volumes[0], 1, "inside")
    session = next(key.split("/")[1] for key in volume_keys(etcd, prefix) if "/data/" in key)

    def told(session):
        """Events that etcd sends while 200 keys of a session are written, signs of life of stores among them."""
        before = etcd.sent_events()
        for number in range(200):
            etcd.put(f"{prefix}/{session}/data/{number}", "{}")
        return etcd.sent_events() - before

    assert told(session) >= 400
    assert told("S00000000000000ff") < 200


def test_given_the_session_of_a_volume_then_only_who_has_the_token_gets_its_bytes(etcd, stores, volumes) -> None:
    put(volumes[0], np.arange(100), "secret")
    prefix = stores[0].prefix
    session = next(key.split("/")[1] for key in volume_keys(etcd, prefix) if "/data/" in key)
    number = int(session[1:], 16)
    for fields in [{}, {"admin_token": "guess"}]:
        with WireClient(port=stores[0].rpc_port) as stranger:
            code, message = stranger.refused("register_request", session_id=number, version="0.24.2", **fields)
            assert code != 0 and "token" in message
    with WireClient(port=stores[0].rpc_port) as store:
        reply = store.ask("register_request", session_id=number, version="0.24.2", admin_token=TOKEN)
        assert reply["session_id"] == number


# What cannot be


@pytest.mark.parametrize(
    "flags, settings, words",
    [
        (["--meta", "local"], {}, "shares nothing"),
        ([], {}, "--admin_token_file"),
    ],
)
def test_given_a_store_that_shares_nothing_or_knows_no_peers_then_a_volume_of_the_cluster_is_refused(
    start, flags, settings, words
) -> None:
    daemon = start(flags=flags)
    with daemon.wire() as wire:
        code, message = wire.refused("open_volume_request", id="v", locality="cluster", **settings)
        assert code == 6 and words in message
        assert wire.ask("list_volumes_request")["volumes"] == []


def test_given_a_volume_then_other_settings_are_refused_on_every_store_and_the_same_ones_are_not(stores) -> None:
    Volume(stores[0], "v", locality="cluster", quota=8 * MIB, attributes={"claim": "data"})
    with stores[1].wire() as wire:
        code, message = wire.refused("open_volume_request", id="v", locality="cluster", quota=9 * MIB)
        assert code == 11 and "quota is 8388608 bytes, not 9437184" in message
    opened = Volume(stores[1], "v", locality="cluster", quota=8 * MIB)
    assert opened.opened["attributes"] == {"claim": "data"} and opened.opened["locality"] == "cluster"
    with stores[0].wire() as wire:
        assert wire.refused("open_volume_request", id="v", quota=8 * MIB)[0] == 11


# Changes reach all


def test_given_a_change_then_it_holds_on_all_stores(stores, volumes) -> None:
    here, there = volumes
    put(here, np.zeros(MIB, "u1"), "x")
    assert there.ask("freeze_volume_request", frozen=True)["volume"]["frozen"]
    eventually(lambda: here.record["frozen"], "it is frozen everywhere")
    with here.wire() as wire:
        assert wire.refused("create_buffer_request", size=10)[0] == 6
    assert get(there, "x").nbytes == MIB
    there.ask("freeze_volume_request", frozen=False)
    eventually(lambda: not here.record["frozen"], "it is not frozen any more")
    eventually(lambda: there.record["used"] >= MIB, "the use of the other is known")
    with stores[1].wire() as wire:
        code, message = wire.refused("resize_volume_request", id="v", quota=MIB // 2)
        assert code == 41 and "on all stores" in message
    there.ask("resize_volume_request", quota=4 * MIB, on_delete="retain")
    eventually(lambda: (here.record["quota"], here.record["on_delete"]) == (4 * MIB, "retain"), "the change is known")
    with here.wire(read_only=True) as wire:
        assert wire.refused("create_buffer_request", size=10)[0] == 6


def test_given_stores_then_the_list_tells_of_all_of_them(stores, volumes) -> None:
    put(volumes[0], np.zeros(MIB, "u1"), "x")

    def room():
        with stores[1].wire() as wire:
            return wire.ask("list_volumes_request")

    eventually(lambda: len([i for i in room()["room"]["instances"] if i["limit"] > 0]) == 2, "both tell their memory")
    reply = eventually(lambda: room() if room()["volumes"][0]["used"] >= MIB else None, "the use is known")
    assert reply["room"]["shared"] and all(i["reachable"] for i in reply["room"]["instances"])
    assert {i["endpoint"] for i in reply["room"]["instances"]} == {f"127.0.0.1:{d.rpc_port}" for d in stores}
    volume = reply["volumes"][0]
    assert (volume["locality"], volume["names"]) == ("cluster", 1)


def test_given_a_volume_when_deleted_on_one_store_then_it_goes_on_all_and_nothing_is_left_in_etcd(
    etcd, stores, volumes
) -> None:
    put(volumes[0], np.zeros(MIB, "u1"), "x")
    get(volumes[1], "x")
    connected = volumes[0].wire()
    assert volumes[1].delete()
    eventually(lambda: not volumes[0].directory.exists(), "the files are gone on the other")
    assert connected.socket.recv(1) == b"", "its clients are shown out"
    eventually(lambda: volume_keys(etcd, stores[0].prefix) == [], "etcd has nothing of it")
    for daemon in stores:
        with daemon.wire() as wire:
            assert wire.ask("list_volumes_request")["volumes"] == []
            eventually(lambda: wire.ask("instance_status_request")["meta"]["memory_usage"] == 0, "the bytes are free")
    again = [Volume(daemon, "v", locality="cluster") for daemon in stores]
    put(again[1], 5, "x")
    assert get(again[0], "x") == 5


def test_given_a_retained_volume_when_deleted_then_each_store_keeps_what_it_had_outside_of_volumes(
    etcd, stores
) -> None:
    volumes = [Volume(daemon, "v", locality="cluster", on_delete="retain") for daemon in stores]
    for i, volume in enumerate(volumes):
        put(volume, np.full(1000, i), f"n{i}")
    get(volumes[0], "n1")
    assert volumes[0].delete()
    for daemon in stores:
        client = vineyard.connect(daemon.socket)
        eventually(lambda: sorted(client.list_names("n*")) == ["n0", "n1"], "the names are outside of volumes")
        for i in range(2):
            np.testing.assert_array_equal(client.get(name=f"n{i}"), np.full(1000, i))
    eventually(lambda: volume_keys(etcd, stores[0].prefix) == [], "etcd has nothing of the volume")


# Stores that go, and come back


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_given_a_store_that_is_started_again_then_only_what_it_had_is_lost(stores, volumes, how) -> None:
    here, there = volumes
    put(here, np.arange(10), "mine")
    put(there, np.arange(20), "others")
    assert get(here, "others").sum() == 190
    getattr(stores[0], how)()
    stores[0].start()
    # The volume is open again, without anybody asking.
    with Peer(here.socket) as step:
        eventually(lambda: step.run("sorted(client.list_names('*'))") == ["others"], "what it had is forgotten")
        assert step.run("client.get(name='others').sum().item()") == 190
        record = here.record
        assert record["lost_contents_at"] > record["created"] and record["condition"]["abnormal"]
        assert not there.record["condition"]["abnormal"] and there.record["lost_contents_at"] is None
        step.run("client.put(np.arange(30), persist=True, name='mine') and None")
        assert get(there, "mine").sum() == 435
    assert not here.record["condition"]["abnormal"]


def test_given_a_store_that_is_down_when_a_volume_is_deleted_then_it_drops_it_when_it_is_started(
    etcd, stores, volumes
) -> None:
    put(volumes[0], 1, "x")
    put(volumes[1], 2, "y")
    stores[0].kill()
    assert volumes[1].delete()
    assert any("/tombstones/v/" in key for key in volume_keys(etcd, stores[0].prefix))
    stores[0].start()
    with stores[0].wire() as wire:
        assert wire.ask("list_volumes_request")["volumes"] == []
    assert not volumes[0].directory.exists()
    eventually(lambda: volume_keys(etcd, stores[0].prefix) == [], "etcd has nothing of it")


def test_given_a_dead_store_then_its_objects_go_from_the_volume_and_those_of_others_stay(stores, volumes) -> None:
    put(volumes[0], 1, "dead")
    put(volumes[1], 2, "alive")
    reader = vineyard.connect(volumes[1].socket)
    eventually(lambda: sorted(reader.list_names("*")) == ["alive", "dead"], "both names")
    stores[0].kill()
    eventually(lambda: list(reader.list_names("*")) == ["alive"], "what the dead one had is gone")
    assert reader.get(name="alive") == 2


def test_given_etcd_that_loses_its_data_then_volumes_and_their_objects_return(etcd, stores, volumes) -> None:
    put(volumes[0], 1, "x")
    put(volumes[1], 2, "y")
    there = vineyard.connect(volumes[1].socket)
    eventually(lambda: sorted(there.list_names("*")) == ["x", "y"], "both names")
    etcd.wipe()
    etcd.start()

    def found(kind):
        return [key for key in volume_keys(etcd, stores[0].prefix) if kind in key]

    eventually(lambda: len(found("/names/")) == 2, "the names are in etcd again")
    assert found("/cluster/volumes/") == [f"{stores[0].prefix}/cluster/volumes/v"]
    assert get(volumes[0], "y") == 2 and get(volumes[1], "x") == 1


def test_given_many_that_open_a_volume_at_once_on_both_stores_then_all_get_the_same(stores) -> None:
    replies = []

    def open_volume(daemon):
        with daemon.wire() as wire:
            replies.append(wire.call("open_volume_request", id="v", locality="cluster"))

    threads = [threading.Thread(target=open_volume, args=(stores[i % 2],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.get("type") for reply in replies} == {"open_volume_reply"}
    assert len({reply["volume"]["created"] for reply in replies}) == 1
    volumes = [Volume(daemon, "v", locality="cluster") for daemon in stores]
    put(volumes[0], 7, "n")
    assert get(volumes[1], "n") == 7
