"""Volumes on every node: a controller, and nodes whose stores share an etcd."""

import pytest

from etcd import Etcd
from harness import mounts
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
    cluster = Cluster(tmp_path, store_flags=etcd.flags(tmp_path.name))
    try:
        for name in cluster.nodes:
            cluster.label_node(name)
        yield cluster
        cluster.end()
    finally:
        cluster.discard()


def creation(name="pvc-1", node=None, size=32 * MIB, mode=SHARED, **more):
    where = {"requisite": [{"segments": {KEY: node}}], "preferred": [{"segments": {KEY: node}}]} if node else {}
    return {"name": name, "parameters": parameters(**more), "volume_capabilities": [capability(mode)],
            "capacity_range": {"required_bytes": size}, "accessibility_requirements": where}  # fmt: skip


def create(cluster, *arguments, **more):
    return cluster.controller.call("CreateVolume", **creation(*arguments, **more)).volume


def segments(volume):
    [topology] = volume.accessible_topology
    return dict(topology.segments)


def test_given_a_claim_for_several_nodes_then_what_one_step_writes_the_next_reads_on_another_node(cluster, tmp_path):
    volume = create(cluster, node="node-2")
    assert segments(volume) == {LABEL: "true"}
    path = tmp_path / "data"
    for name in ("node-2", "node-3", "node-1"):
        node = cluster.nodes[name]
        # At the same path everywhere: it is the name of what is written.
        with Pod(node.publish(volume, mode=SHARED), path) as pod:
            if name == "node-2":
                pod.write("x", "np.arange(1_000_000)")
            assert pod.read("x", "int(value.sum())") == 499999500000
        node.unpublish(volume, node.target())
    for name, node in cluster.nodes.items():
        eventually(lambda: 8_000_000 <= node.records()["pvc-1"]["used"] < 16_000_000, f"{name} tells of the bytes once")
    told = cluster.controller.call("ListVolumes").entries
    assert [segments(entry.volume) for entry in told] == [{LABEL: "true"}]

    cluster.controller.call("DeleteVolume", volume_id=volume.volume_id)

    assert not any(mounts.below(node.pods) for node in cluster.nodes.values())
    eventually(lambda: cluster.homes("pvc-1") == [], "no store has it")
    eventually(lambda: all(node.usage() == 0 for node in cluster.nodes.values()), "its bytes are free")


def test_given_a_published_volume_then_its_size_and_its_use_are_those_of_all_nodes(cluster):
    volume = create(cluster)
    paths = {name: node.publish(volume, mode=SHARED) for name, node in cluster.nodes.items()}
    with Pod(paths["node-1"], cluster.nodes["node-1"].directory / "data") as pod:
        pod.write("x", "np.zeros(2_000_000, 'u1')")
    more = {"capacity_range": {"required_bytes": 300 * MIB}}
    expanded = cluster.controller.call("ControllerExpandVolume", volume_id=volume.volume_id, **more)
    assert expanded.capacity_bytes == 300 * MIB, "no store has so much, all together have"

    def stats(name):
        fields = {"volume_id": volume.volume_id, "volume_path": str(paths[name])}
        [usage] = [
            each for each in cluster.nodes[name].driver.call("NodeGetVolumeStats", **fields).usage if each.unit == 1
        ]
        return usage.total, usage.used >= 2_000_000

    for name in cluster.nodes:
        eventually(lambda: stats(name) == (300 * MIB, True), f"{name} tells of all nodes")
    # Once more, as after a restart of the kubelet: the size is not the one that the context says.
    for name, node in cluster.nodes.items():
        node.publish(volume, mode=SHARED)
        node.unpublish(volume, paths[name])


def test_given_a_claim_for_one_node_then_it_stays_there(cluster):
    volume = create(cluster, node="node-3", mode="SINGLE_NODE_WRITER")
    assert segments(volume) == {KEY: "node-3"} and cluster.homes("pvc-1") == ["node-3"]


def test_given_a_node_without_a_store_then_publishing_there_says_what_to_do(cluster):
    volume = create(cluster)
    node = cluster.nodes["node-1"]
    node.store.stop()
    (node.socket_directory() / "vineyard.sock").unlink(missing_ok=True)
    fields = node.publication(volume, node.target(), mode=SHARED)
    refused = node.driver.refused("NodePublishVolume", **fields)
    assert refused.code == "FAILED_PRECONDITION" and LABEL in refused.text and "(hint: " in refused.text
    cluster.set_pod("node-1", is_ready=False)


def test_given_nodes_without_the_label_then_no_volume_is_made_that_kubernetes_would_not_find(cluster):
    for name in cluster.nodes:
        cluster.label_node(name, None)
    refused = cluster.controller.refused("CreateVolume", **creation())
    assert refused.code == "UNAVAILABLE" and LABEL in refused.text
    assert cluster.homes("pvc-1") == []
    cluster.label_node("node-1")
    eventually(lambda: not cluster.controller.begin("CreateVolume", **creation()).exception(), "it is made")


def test_given_a_store_that_shares_nothing_then_a_class_for_all_nodes_is_refused_with_its_name(cluster):
    cluster.add_node("node-4", flags=())
    refused = cluster.controller.refused("CreateVolume", **creation(locality="cluster"))
    assert refused.code == "INVALID_ARGUMENT" and "node-4" in refused.text and "(hint: " in refused.text
    # Without that parameter the volume is on one node.
    assert segments(create(cluster, "pvc-2", node="node-4")) == {KEY: "node-4"}
