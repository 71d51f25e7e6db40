"""Volumes on every node: their snapshots and clones, what is fetched ahead, and what only Kubernetes knows of them."""

import pytest

from etcd import Etcd
from harness.cluster import Cluster
from harness.node import CLUSTER, MIB, NAMESPACE, capability, parameters
from harness.pod import Pod
from waiting import eventually

KEY = "csi.vineyard.v6d.io/node"
LABEL = f"csi.vineyard.v6d.io/store-{NAMESPACE}.{CLUSTER}"
SHARED = "MULTI_NODE_MULTI_WRITER"


@pytest.fixture(scope="module")
def etcd():
    etcd = Etcd()
    try:
        yield etcd.start()
    finally:
        etcd.discard()


@pytest.fixture
def cluster(tmp_path, etcd):
    # What a dead store had goes soon.
    flags = [*etcd.flags(tmp_path.name), "--meta_lease", "2", "--meta_silence", "1"]
    cluster = Cluster(tmp_path, store_flags=flags)
    try:
        for name in cluster.nodes:
            cluster.label_node(name)
        yield cluster
        cluster.end()
    finally:
        cluster.discard()


def creation(name="pvc-1", size=32 * MIB, mode=SHARED, source=None, **more):
    fields = {"name": name, "parameters": parameters(**more), "volume_capabilities": [capability(mode)],
              "capacity_range": {"required_bytes": size}}  # fmt: skip
    return {**fields, "volume_content_source": source} if source else fields


def create(cluster, *arguments, **more):
    return cluster.controller.call("CreateVolume", **creation(*arguments, **more)).volume


def write(cluster, volume, path, **values):
    """Writes a value on each of some nodes, as pods do that have the volume at the same path."""
    for name, (number, value) in values.items():
        node = cluster.nodes[number]
        with Pod(node.publish(volume, mode=SHARED), path) as pod:
            pod.write(name, value)


def read(cluster, node, volume, path, *names):
    node = cluster.nodes[node]
    with Pod(node.publish(volume, pod=volume.volume_id.split("/")[-1], mode=SHARED), path) as pod:
        return [pod.read(name, "int(value.sum())") for name in names]


def test_given_a_volume_of_all_nodes_then_copies_of_it_have_the_size_and_the_bytes_of_all_nodes(cluster, tmp_path):
    call, refused = cluster.controller.call, cluster.controller.refused
    volume = create(cluster)
    path = tmp_path / "data"
    write(cluster, volume, path, a=("node-1", "np.full(1_000_000, 1)"), b=("node-2", "np.full(1_000_000, 2)"))

    taken = call("CreateSnapshot", name="s", source_volume_id=volume.volume_id).snapshot
    assert taken.ready_to_use and 16_000_000 <= taken.size_bytes < 17_000_000
    assert call("CreateSnapshot", name="s", source_volume_id=volume.volume_id).snapshot == taken
    assert call("GetSnapshot", snapshot_id=taken.snapshot_id).snapshot == taken
    assert [entry.snapshot for entry in call("ListSnapshots").entries] == [taken]
    other = create(cluster, "pvc-2")
    assert refused("CreateSnapshot", name="s", source_volume_id=other.volume_id).code == "ALREADY_EXISTS"

    write(cluster, volume, path, a=("node-3", "np.full(1_000_000, 3)"))
    snapshot = {"snapshot": {"snapshot_id": taken.snapshot_id}}
    assert refused("CreateVolume", **creation("small", 9 * MIB, source=snapshot)).code == "OUT_OF_RANGE"
    pinned = refused("CreateVolume", **creation("pinned", mode="SINGLE_NODE_WRITER", source=snapshot))
    assert pinned.code == "INVALID_ARGUMENT" and "several nodes" in pinned.text

    restored = create(cluster, "pvc-restored", source=snapshot)
    assert create(cluster, "pvc-restored", source=snapshot) == restored
    assert dict(restored.accessible_topology[0].segments) == {LABEL: "true"}
    assert restored.content_source.snapshot.snapshot_id == taken.snapshot_id
    clone = create(cluster, "pvc-clone", source={"volume": {"volume_id": volume.volume_id}})
    assert read(cluster, "node-3", restored, path, "a", "b") == [1_000_000, 2_000_000]
    call("DeleteSnapshot", snapshot_id=taken.snapshot_id)
    call("DeleteSnapshot", snapshot_id=taken.snapshot_id)
    call("DeleteVolume", volume_id=volume.volume_id)
    assert read(cluster, "node-1", clone, path, "a", "b") == [3_000_000, 2_000_000]
    assert refused("CreateVolume", **creation("late", source=snapshot)).code == "NOT_FOUND"

    cluster.nodes["node-2"].store.kill()
    late = refused("CreateSnapshot", name="t", source_volume_id=clone.volume_id)
    assert late.code == "UNAVAILABLE" and "node-2" in late.text
    cluster.set_pod("node-2", is_ready=False)
    eventually(
        lambda: not cluster.controller.begin("CreateSnapshot", name="t", source_volume_id=clone.volume_id).exception(),
        "it is made when what the dead store had is given up",
    )
    for made in (restored, clone, other):
        call("DeleteVolume", volume_id=made.volume_id)


def test_given_a_class_that_fetches_ahead_then_its_volumes_say_so_and_nodes_do(cluster, tmp_path):
    volume = create(cluster, prefetch="true")
    assert volume.volume_context["prefetch"] == "true"
    assert create(cluster, prefetch="True") == volume
    assert cluster.controller.refused("CreateVolume", **creation()).code == "ALREADY_EXISTS"
    for wrong, words in (
        ({"prefetch": "yes"}, "true or false"),
        ({"prefetch": "true", "locality": "node"}, "every node"),
    ):
        refused = cluster.controller.refused("CreateVolume", **creation("wrong", **wrong))
        assert refused.code == "INVALID_ARGUMENT" and words in refused.text
    pinned = create(cluster, "pinned", mode="SINGLE_NODE_WRITER", prefetch="true")
    assert "prefetch" not in pinned.volume_context
    write(cluster, volume, tmp_path / "data", a=("node-1", "np.full(1_000_000, 1)"))
    node = cluster.nodes["node-2"]
    node.publish(volume, mode=SHARED)
    with node.store.wire() as main:
        eventually(lambda: cached(main) >= 8_000_000, "the bytes are on the other node before anybody reads")
    assert read(cluster, "node-2", volume, tmp_path / "data", "a") == [1_000_000]


def cached(main):
    return main.ask("instance_status_request")["meta"]["memory_usage"]


def volume_of(cluster, name):
    """A volume of a claim, with its PersistentVolume."""
    volume = create(cluster, name, **{"csi.storage.k8s.io/pv/name": name})
    made = cluster.api.post("/api/v1/persistentvolumes", {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteMany"], "capacity": {"storage": "32Mi"},
                 "csi": {"driver": "csi.vineyard.v6d.io", "volumeHandle": volume.volume_id}}})  # fmt: skip
    assert made.status == 201, made.text
    return volume


def test_given_a_store_that_starts_after_etcd_lost_its_data_then_what_was_deleted_meanwhile_stays_deleted(
    cluster, etcd
):
    kept, deleted = (volume_of(cluster, name) for name in ("pvc-kept", "pvc-deleted"))
    first = cluster.nodes["node-1"]
    for volume in (kept, deleted):
        first.publish(volume, pod=volume.volume_id.split("/")[-1], mode=SHARED)
    homes = {name: node for name, node in cluster.nodes.items() if name != "node-1"}
    first.store.kill()
    cluster.set_pod("node-1", is_ready=False)
    cluster.controller.call("DeleteVolume", volume_id=deleted.volume_id)
    path = "/api/v1/persistentvolumes/pvc-deleted"
    assert cluster.api.send("DELETE", path).status == 200
    # What protects it goes with the volume.
    cluster.api.patch(path, {"metadata": {"finalizers": None}})
    assert cluster.api.get(path).status == 404
    etcd.wipe()
    etcd.start()
    eventually(lambda: all(node.records() is not None for node in homes.values()), "the others are there")

    first.store.start()
    cluster.set_pod("node-1")
    assert "pvc-deleted" in first.records(), "nobody has told it yet"
    # A driver looks when it starts, and from time to time.
    cluster.controller.stop()
    cluster.controller.start()
    eventually(lambda: "pvc-deleted" not in first.records(), "it has no PersistentVolume any more")
    eventually(lambda: not first.records()["pvc-kept"].get("unconfirmed"), "the other one has")
    assert not any("/tombstones/" in key or "pvc-deleted" in key for key in etcd.all_keys())
    cluster.controller.call("DeleteVolume", volume_id=kept.volume_id)


def test_given_a_node_that_is_gone_for_good_then_what_its_store_had_is_forgotten(cluster, etcd, tmp_path):
    volume = create(cluster)
    gone, last = cluster.nodes["node-3"], cluster.nodes["node-1"]
    for node in (gone, last):
        node.publish(volume, mode=SHARED)
    gone.store.kill()
    cluster.set_pod("node-3", is_ready=False)
    cluster.controller.call("DeleteVolume", volume_id=volume.volume_id)

    def left():
        return [key for key in etcd.all_keys() if f"{tmp_path.name}/cluster/" in key and "pvc-1" in key]

    eventually(lambda: len(left()) == 2, "its place and the tombstone are left")
    eventually(lambda: absent(last) == ["node-3"], "the others know that it is gone")
    cluster.controller.stop()
    cluster.controller.start()
    eventually(lambda: cluster.controller.call("Probe").ready.value, "the driver is there")
    assert len(left()) == 2, "as long as there is the node, its disk may have the volume"
    assert cluster.api.send("DELETE", "/api/v1/nodes/node-3").status == 200
    cluster.controller.stop()
    cluster.controller.start()
    eventually(lambda: left() == [], "nothing is left")


def absent(node):
    with node.store.wire() as main:
        return main.ask("list_volumes_request")["room"].get("absent_nodes", [])
