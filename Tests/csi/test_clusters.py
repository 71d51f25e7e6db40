"""The controller of a cluster: stores on several nodes, found through the API server, reached with the token."""

import pytest

from harness import mounts
from harness.cluster import Cluster
from harness.node import MIB, NAMESPACE, capability, parameters
from harness.pod import Pod
from waiting import eventually

KEY = "csi.vineyard.v6d.io/node"


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        yield cluster
        cluster.end()
    finally:
        cluster.discard()


def on(*names, preferred=()):
    """A topology requirement as the provisioner makes it."""
    return {"requisite": [{"segments": {KEY: name}} for name in names],
            "preferred": [{"segments": {KEY: name}} for name in preferred]}  # fmt: skip


def creation(name="pvc-1", size=32 * MIB, **more):
    return {"name": name, "parameters": parameters(), "volume_capabilities": [capability()],
            "capacity_range": {"required_bytes": size}, **more}  # fmt: skip


def create(cluster, *arguments, **more):
    return cluster.controller.call("CreateVolume", **creation(*arguments, **more)).volume


def node_of(volume):
    [topology] = volume.accessible_topology
    return topology.segments[KEY]


def capacity(cluster, *names, **more):
    where = {"accessible_topology": {"segments": {KEY: names[0]}}} if names else {}
    return cluster.controller.call("GetCapacity", parameters=parameters(), **where, **more).available_capacity


def test_given_a_selected_node_then_the_volume_is_made_there_and_accessible_from_there(cluster):
    everywhere = tuple(cluster.nodes)
    for name in everywhere:
        volume = create(cluster, f"pvc-{name}", accessibility_requirements=on(*everywhere, preferred=[name]))
        assert node_of(volume) == name and cluster.homes(f"pvc-{name}") == [name]
    assert node_of(create(cluster, "pvc-strict", accessibility_requirements=on("node-3"))) == "node-3"
    listed = cluster.controller.call("ListVolumes").entries
    assert {entry.volume.volume_id.split("/")[-1]: node_of(entry.volume) for entry in listed} == {
        **{f"pvc-{name}": name for name in everywhere}, "pvc-strict": "node-3"}  # fmt: skip


def test_given_a_volume_of_the_controller_when_its_node_publishes_it_then_pods_use_it(cluster):
    volume = create(cluster, accessibility_requirements=on("node-2"))
    node = cluster.nodes["node-2"]
    with Pod(node.publish(volume), node.directory / "data", user=1000) as pod:
        pod.write("x", "np.arange(1000)")
        assert pod.read("x", "int(value.sum())") == 499500
    told = cluster.controller.call("ControllerGetVolume", volume_id=volume.volume_id)
    assert not told.status.volume_condition.abnormal
    node.unpublish(volume, node.target())
    assert not mounts.below(node.pods)
    cluster.controller.call("DeleteVolume", volume_id=volume.volume_id)
    assert cluster.homes("pvc-1") == [] and node.usage() == 0


def test_given_no_node_selected_then_the_store_with_most_room_is_taken(cluster):
    create(cluster, "pvc-a", 128 * MIB, accessibility_requirements=on("node-1"))
    create(cluster, "pvc-b", 64 * MIB, accessibility_requirements=on("node-2"))
    assert node_of(create(cluster, "pvc-c")) == "node-3"


def test_given_a_selected_node_without_a_ready_store_then_there_is_no_room_and_the_text_says_why(cluster):
    cluster.set_pod("node-2", is_ready=False)
    for name, reason in (("node-9", "no store"), ("node-2", "not ready")):
        refused = cluster.controller.refused("CreateVolume", **creation(accessibility_requirements=on(name)))
        assert refused.code == "RESOURCE_EXHAUSTED" and name in refused.text and reason in refused.text
        assert capacity(cluster, name) == 0
    assert cluster.homes("pvc-1") == []
    wish = on("node-2", "node-1", preferred=["node-2"])
    assert node_of(create(cluster, accessibility_requirements=wish)) == "node-1"


def test_given_a_cluster_without_stores_then_there_is_no_room(cluster):
    fields = creation(parameters=parameters("unknown"))
    refused = cluster.controller.refused("CreateVolume", **fields)
    assert refused.code == "RESOURCE_EXHAUSTED" and "unknown" in refused.text


def test_given_a_node_then_its_capacity_is_what_its_store_can_give(cluster):
    before = {name: capacity(cluster, name) for name in cluster.nodes}
    create(cluster, "pvc-1", 64 * MIB, accessibility_requirements=on("node-1"))
    after = {name: capacity(cluster, name) for name in cluster.nodes}
    assert {name: before[name] - after[name] for name in before} == {"node-1": 64 * MIB, "node-2": 0, "node-3": 0}
    assert capacity(cluster) == sum(after.values())
    told = cluster.controller.call("GetCapacity", parameters=parameters())
    assert told.maximum_volume_size.value == max(after.values())
    too_large = creation("pvc-2", after["node-1"] + MIB, accessibility_requirements=on("node-1"))
    refused = cluster.controller.refused("CreateVolume", **too_large)
    assert refused.code == "RESOURCE_EXHAUSTED"
    block = [{"block": {}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}]
    assert capacity(cluster, volume_capabilities=block) == 0


def test_given_a_volume_anywhere_then_every_call_finds_it(cluster):
    volume = create(cluster, accessibility_requirements=on("node-3"))
    ident = {"volume_id": volume.volume_id}
    call = cluster.controller.call
    expanded = call("ControllerExpandVolume", **ident, capacity_range={"required_bytes": 64 * MIB})
    assert expanded.capacity_bytes == 64 * MIB
    snapshot = call("CreateSnapshot", name="s", source_volume_id=volume.volume_id).snapshot
    source = {"snapshot": {"snapshot_id": snapshot.snapshot_id}}
    copy = create(cluster, "pvc-copy", volume_content_source=source)
    assert node_of(copy) == "node-3"
    refused = cluster.controller.refused(
        "CreateVolume",
        **creation("pvc-far", volume_content_source=source, accessibility_requirements=on("node-1", "node-2")),
    )
    assert refused.code == "RESOURCE_EXHAUSTED" and "node-3" in refused.text
    call("DeleteSnapshot", snapshot_id=snapshot.snapshot_id)
    for made in (volume, copy):
        call("DeleteVolume", volume_id=made.volume_id)
    assert cluster.homes("pvc-1") == cluster.homes("pvc-copy") == []


def test_given_a_copy_whose_pod_was_placed_elsewhere_then_it_is_where_its_source_is_at_the_first_attempt(cluster):
    volume = create(cluster, accessibility_requirements=on("node-3"))
    source = {"volume": {"volume_id": volume.volume_id}}
    # The scheduler compares the finished volume with the node it had chosen, and places the pod anew.
    for chosen in ("node-1", "node-2", "node-3"):
        copy = create(cluster, "pvc-copy", volume_content_source=source,
                      accessibility_requirements=on(chosen, preferred=[chosen]))  # fmt: skip
        assert node_of(copy) == "node-3" and cluster.homes("pvc-copy") == ["node-3"]


def test_given_a_topology_of_others_then_the_refusal_names_its_key(cluster):
    zone = {"segments": {"topology.kubernetes.io/zone": "a"}}
    refused = cluster.controller.refused("CreateVolume", **creation(accessibility_requirements={"requisite": [zone]}))
    assert refused.code == "INVALID_ARGUMENT" and "topology.kubernetes.io/zone" in refused.text and KEY in refused.text


def test_given_the_label_of_former_releases_then_it_means_the_node_of_that_name(cluster):
    former = {"segments": {"kubernetes.io/hostname": "node-2"}}
    made = create(cluster, accessibility_requirements={"requisite": [former], "preferred": [former]})
    assert node_of(made) == "node-2"


def test_given_a_claim_when_a_restart_of_the_store_takes_its_contents_then_it_gets_one_event(cluster):
    path = f"/api/v1/namespaces/{NAMESPACE}"
    claim = cluster.api.post(f"{path}/persistentvolumeclaims", {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "handover", "namespace": NAMESPACE},
        "spec": {"accessModes": ["ReadWriteMany"], "volumeName": "pvc-1", "storageClassName": "",
                 "resources": {"requests": {"storage": "32Mi"}}}})  # fmt: skip
    assert claim.status == 201, claim.text
    extra = {"csi.storage.k8s.io/pvc/name": "handover", "csi.storage.k8s.io/pvc/namespace": NAMESPACE,
             "csi.storage.k8s.io/pv/name": "pvc-1"}  # fmt: skip
    volume = create(cluster, accessibility_requirements=on("node-2"), parameters=parameters(**extra))
    create(cluster, "pvc-2", accessibility_requirements=on("node-2"), parameters=parameters(**extra))
    node = cluster.nodes["node-2"]
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("x", "np.arange(1000)")
    node.unpublish(volume, node.target())
    node.store.kill()
    node.store.start()

    def events():
        found = cluster.api.get(f"{path}/events").json["items"]
        return [event for event in found if event["involvedObject"]["name"] == "handover"]

    # A driver looks when it starts, and from time to time.
    for _ in range(2):
        cluster.controller.stop()
        cluster.controller.start()
        eventually(events, "the claim has an event")
    [event] = events()
    assert (event["type"], event["reason"]) == ("Warning", "ContentsLost") and "node-2" in event["message"]
    assert event["involvedObject"]["uid"] == claim.json["metadata"]["uid"]


def test_given_a_store_that_cannot_be_reached_then_what_it_has_is_not_taken_for_gone(cluster):
    volume = create(cluster, accessibility_requirements=on("node-2"))
    other = create(cluster, "pvc-2", accessibility_requirements=on("node-1"))
    cluster.nodes["node-2"].store.kill()
    more = {"capacity_range": {"required_bytes": MIB}}
    for method, fields in (("DeleteVolume", {}), ("ControllerExpandVolume", more),
                           ("ValidateVolumeCapabilities", {"volume_capabilities": [capability()]})):  # fmt: skip
        refused = cluster.controller.refused(method, volume_id=volume.volume_id, **fields)
        assert refused.code == "UNAVAILABLE" and "node-2" in refused.text
    told = cluster.controller.call("ControllerGetVolume", volume_id=volume.volume_id).status.volume_condition
    assert told.abnormal and "node-2" in told.message
    refused = cluster.controller.refused("CreateVolume", **creation("pvc-3", accessibility_requirements=on("node-2")))
    assert refused.code == "UNAVAILABLE"
    # Everybody else goes on.
    cluster.controller.call("DeleteVolume", volume_id=other.volume_id)
    assert node_of(create(cluster, "pvc-4", accessibility_requirements=on("node-2", "node-3"))) == "node-3"
    cluster.nodes["node-2"].store.start()
    cluster.controller.call("DeleteVolume", volume_id=volume.volume_id)
    assert cluster.homes("pvc-1") == []


def test_given_a_controller_that_is_killed_and_moves_then_volumes_of_all_nodes_are_as_before(cluster):
    volumes = [create(cluster, f"pvc-{name}", accessibility_requirements=on(name)) for name in cluster.nodes]
    cluster.controller.kill()
    moved = cluster.controller_node.start_driver(
        "controller", name="moved", flags=[f"--kubeconfig={cluster.double.kubeconfig}"])  # fmt: skip
    listed = [entry.volume for entry in moved.call("ListVolumes").entries]
    assert sorted(listed, key=lambda volume: volume.volume_id) == volumes
    for name, volume in zip(cluster.nodes, volumes):
        # A repeated call may come without the topology, or with another order of it.
        fields = creation(f"pvc-{name}", accessibility_requirements=on("node-3", "node-1", "node-2"))
        assert moved.call("CreateVolume", **fields).volume == volume
        assert cluster.homes(f"pvc-{name}") == [name]


def test_given_another_token_then_the_store_is_closed_and_the_text_says_what_to_do(cluster):
    cluster.set_token("another", in_secret=False)
    refused = cluster.controller.refused("CreateVolume", **creation())
    assert refused.code == "UNAVAILABLE" and "(hint: Secret pipelines/store-admin-token" in refused.text
    assert "another" not in refused.text
    assert cluster.homes("pvc-1") == []


def test_given_a_token_that_is_rotated_then_calls_go_on_without_a_restart(cluster):
    create(cluster, "pvc-1")
    cluster.set_token("rotated")
    assert create(cluster, "pvc-2").volume_id


def test_given_an_api_server_that_is_down_then_the_driver_is_not_ready_and_recovers(cluster):
    assert cluster.controller.call("Probe").ready.value
    cluster.double.fault("status", code=503, times=None)
    eventually(lambda: not cluster.controller.call("Probe").ready.value, "not ready without the API server")
    eventually(lambda: is_refused(cluster), "calls fail when what is known of the stores is old")
    cluster.double.clear_faults()
    eventually(lambda: cluster.controller.call("Probe").ready.value, "ready again")
    create(cluster)


def is_refused(cluster):
    call = cluster.controller.begin("CreateVolume", **creation())
    error = call.exception()
    if error is None:
        cluster.controller.call("DeleteVolume", volume_id=call.result().volume.volume_id)
        return False
    assert error.code().name == "UNAVAILABLE"
    return True


def test_given_a_right_that_is_missing_then_the_text_says_which(cluster):
    cluster.double.deny(verb="list", resource="pods")
    refused = cluster.controller.refused("CreateVolume", **creation())
    assert refused.code == "UNAVAILABLE" and "pods" in refused.text


def test_given_a_node_that_leaves_and_one_that_joins_then_volumes_are_made_where_stores_are(cluster):
    for name in ("node-1", "node-2"):
        cluster.remove_pod(name)
    cluster.add_node("node-4", size="512M")
    eventually(lambda: capacity(cluster, "node-4") > 0 and capacity(cluster, "node-1") == 0, "the controller sees it")
    assert node_of(create(cluster)) == "node-4"
