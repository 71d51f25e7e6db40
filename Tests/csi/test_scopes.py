"""Two pipelines with the same paths: apart in scope `volume`, together in scope `cluster`."""

import pytest

from harness.pod import Pod
from peer import PeerError


@pytest.fixture
def pipelines(node):
    """Starts a pod for each of two pipelines, both with their volume at the same path."""
    pods = []

    def start(**parameters):
        volumes = [node.create(f"pvc-{name}", parameters=parameters) for name in ("a", "b")]
        for volume in volumes:
            pods.append(Pod(node.publish(volume, volume.volume_id.replace("/", "-")), node.directory / "data"))
        return volumes, pods

    yield start
    for pod in pods:
        pod.leave()


def test_given_scope_volume_when_two_pipelines_write_the_same_path_then_they_do_not_meet(node, pipelines):
    _, (first, second) = pipelines(scope="volume")
    first.write("x_train", "np.full(100_000, 1)")
    with pytest.raises(PeerError, match=r"(?i)exist"):
        second.read("x_train")
    second.write("x_train", "np.full(100_000, 2)")
    assert first.read("x_train", "int(value.max())") == 1
    assert second.read("x_train", "int(value.min())") == 2


def test_given_scope_cluster_when_two_pipelines_use_the_same_path_then_they_share_it(node, pipelines):
    _, (first, second) = pipelines(scope="cluster")
    first.write("x_train", "np.full(100_000, 1)")
    assert second.read("x_train", "int(value.max())") == 1
    second.write("x_train", "np.full(100_000, 2)")
    assert first.read("x_train", "int(value.min())") == 2


def test_given_scope_volume_when_one_volume_is_deleted_then_its_bytes_are_free_and_the_other_stays(node, pipelines):
    (a, b), (first, second) = pipelines(scope="volume")
    baseline = node.usage()
    first.write("x_train", "np.full(1_000_000, 1)")
    between = node.usage()
    second.write("x_train", "np.full(1_000_000, 2)")
    node.unpublish(b, node.target(b.volume_id.replace("/", "-")))
    node.delete(b)
    assert node.usage() == between > baseline
    assert first.read("x_train", "int(value.sum())") == 1_000_000
    node.delete(a)
    assert node.usage() == baseline


@pytest.mark.parametrize(("on_delete", "is_kept"), [("delete", False), ("retain", True)])
@pytest.mark.parametrize("scope", ["volume", "cluster"])
def test_given_a_volume_that_is_deleted_then_its_objects_go_or_stay_as_its_class_says(node, scope, on_delete, is_kept):
    volume = node.create("pvc-1", parameters={"scope": scope, "onDelete": on_delete})
    with Pod(node.publish(volume), node.directory / "data") as pod:
        pod.write("model", "np.arange(100_000)")
        name = f"{pod.path}/model"
    node.unpublish(volume, node.target())
    node.delete(volume)
    # What stays belongs to the whole store, as with the original.
    with Pod(node.socket_directory(), node.directory / "data") as pod:
        names = pod.run("list(vineyard.connect(f'{volume}/vineyard.sock').list_names('*'))")
        assert (names == [name]) == is_kept and len(names) == is_kept
        if is_kept:
            assert pod.read("model", "int(value.sum())") == 4999950000
    assert (node.usage() > 0) == is_kept


@pytest.mark.parametrize(("parameters", "versions"), [({}, 1), ({"overwrite": "keep"}, 3), ({"scope": "cluster"}, 3)])
def test_given_a_path_that_is_written_again_then_former_versions_go_or_stay_as_the_class_says(
    node, pipelines, parameters, versions
):
    _, (first, _) = pipelines(**parameters)
    baseline = node.usage()
    for value in range(3):
        first.write("x_train", f"np.full(1_000_000, {value})")
    assert node.usage() - baseline == versions * 8_000_000
    assert first.read("x_train", "int(value.max())") == 2
