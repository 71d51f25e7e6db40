"""The store goes away between calls and during them; mounted directories heal by themselves."""

import threading

import grpc
import pytest

from harness import mounts
from harness.node import MIB, capability, parameters
from harness.pod import Pod
from waiting import eventually


def _is_noted(node):
    """Whether the document of a volume says that there are contents."""
    documents = [path for path in node.root.rglob("~documents/*") if path.is_file()]
    return any('"written":true' in path.read_text() for path in documents)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_given_a_mounted_volume_when_the_store_is_restarted_then_pods_go_on_without_another_mount(node, how):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    before = mounts.at(target)
    with Pod(target, node.directory / "data") as pod:
        pod.write("first", "np.arange(1000)")
        # Nobody waits for this: a store that is killed right after the write may not know that there was one.
        eventually(lambda: _is_noted(node), "that it was written to is noted on disk")
        getattr(node.store, how)()
        node.store.start()
        assert mounts.at(target) == before
        assert node.records()["pvc-1"]["quota"] == 32 * MIB
        told = node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target))
        assert told.volume_condition.abnormal and "restart" in told.volume_condition.message
    # A container that is started again has the same mount, and so had this one: the client's connection is what broke.
    with Pod(target, node.directory / "data") as pod:
        pod.write("second", "np.arange(1000)")
        assert pod.read("second", "int(value.sum())") == 499500
    told = node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target))
    assert not told.volume_condition.abnormal
    assert node.publish(volume) == target and len(mounts.at(target)) == 1


def test_given_a_pod_that_stays_when_the_store_is_restarted_then_it_connects_again_in_the_same_mount(node):
    target = node.publish(node.create("pvc-1"))
    with Pod(target, node.directory / "data") as pod:
        pod.run("client = vineyard.connect(f'{volume}/vineyard.sock')")
        node.store.kill()
        node.store.start()
        pod.run("client = vineyard.connect(f'{volume}/vineyard.sock')")
        assert pod.run("client.get(client.put(2))") == 2


def test_given_a_store_that_is_down_when_a_volume_is_published_then_the_call_waits_for_it(node):
    fields = node.publication(node.create("pvc-1"), node.target())
    node.store.kill()
    call = node.driver.begin("NodePublishVolume", **fields)
    node.store.start()
    call.result()
    assert len(mounts.at(node.target())) == 1


def test_given_a_store_that_is_down_when_called_then_each_call_says_so_or_does_not_need_it(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    node.store.kill()
    for method, fields in (
        ("CreateVolume", {"name": "pvc-2", "parameters": parameters(), "volume_capabilities": [capability()]}),
        ("DeleteVolume", {"volume_id": volume.volume_id}),
        ("CreateSnapshot", {"name": "s", "source_volume_id": volume.volume_id}),
        ("NodePublishVolume", node.publication(volume, node.target("pod-2"))),
    ):
        refused = node.driver.refused(method, **fields)
        assert refused.code == "UNAVAILABLE" and "pipelines/store" in refused.text, f"{method}: {refused}"
    told = node.driver.call("ControllerGetVolume", volume_id=volume.volume_id)
    assert told.status.volume_condition.abnormal
    # A pod must be able to go whatever the store does.
    node.unpublish(volume, target)
    assert not mounts.at(target) and not target.exists()
    node.store.start()
    node.delete(volume)
    assert node.records() == {}


def test_given_a_store_that_is_restarted_again_and_again_during_calls_then_nothing_is_lost_or_left(node):
    node.create("pvc-kept")
    codes, end = set(), threading.Event()

    def attempt(method, **fields):
        try:
            node.driver.attempt(method, **fields)
        except grpc.RpcError as error:
            codes.add((method, error.code().name, error.details()))

    def lives(number):
        name, target = f"pvc-{number}", node.target(f"pod-{number}")
        ident = f"pipelines/store/{name}"
        context = {**parameters(), "scope": "volume", "onDelete": "delete", "quota": str(2 * MIB)}
        while not end.is_set():
            attempt("CreateVolume", name=name, parameters=parameters(), volume_capabilities=[capability()],
                    capacity_range={"required_bytes": 2 * MIB})  # fmt: skip
            attempt("NodePublishVolume", volume_id=ident, target_path=str(target), volume_context=context,
                    volume_capability=capability())  # fmt: skip
            attempt("NodeGetVolumeStats", volume_id=ident, volume_path=str(target))
            attempt("NodeUnpublishVolume", volume_id=ident, target_path=str(target))
            attempt("DeleteVolume", volume_id=ident)

    threads = [threading.Thread(target=lives, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for number in range(8):
        node.store.kill() if number % 2 else node.store.stop()
        node.store.start()
    end.set()
    for thread in threads:
        thread.join()
    allowed = {"UNAVAILABLE", "ABORTED"}
    odd = {one for one in codes if one[1] not in allowed and one[:2] != ("NodeGetVolumeStats", "NOT_FOUND")}
    assert not odd
    for number in range(6):
        target = node.target(f"pod-{number}")
        node.driver.call("NodeUnpublishVolume", volume_id=f"pipelines/store/pvc-{number}", target_path=str(target))
        node.driver.call("DeleteVolume", volume_id=f"pipelines/store/pvc-{number}")
    assert not mounts.below(node.pods) and list(node.records()) == ["pvc-kept"]
