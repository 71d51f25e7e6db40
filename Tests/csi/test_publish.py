"""Mounting volumes for pods: exactly one mount, nothing left, and nothing but what was asked for."""

import os
import subprocess

import pytest

from harness import mounts
from harness.node import MIB, NAME_KEY, NAMESPACE_KEY, capability, parameters


def test_given_a_publish_that_is_repeated_then_there_is_exactly_one_mount(node):
    volume = node.create("pvc-1")
    targets = {node.publish(volume) for _ in range(10)}
    [target] = targets
    [mount] = mounts.at(target)
    assert mount.root.endswith("/volumes/pvc-1") and (target / "vineyard.sock").is_socket()


def test_given_kubelet_and_driver_restarted_when_published_again_then_there_is_exactly_one_mount(node):
    volume = node.create("pvc-1")
    node.publish(volume)
    node.driver.kill()
    node.driver.start()
    target = node.publish(volume)
    assert len(mounts.at(target)) == 1
    node.unpublish(volume, target)
    assert not mounts.at(target)


def test_given_an_unpublish_when_repeated_then_neither_mount_nor_directory_is_left(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    for _ in range(3):
        node.unpublish(volume, target)
        assert not mounts.at(target) and not target.exists() and target.parent.is_dir()


def test_given_two_pods_of_a_volume_when_one_goes_then_the_other_keeps_it(node):
    volume = node.create("pvc-1")
    first, second = node.publish(volume, "pod-1"), node.publish(volume, "pod-2")
    node.unpublish(volume, first)
    assert mounts.at(second) and (second / "vineyard.sock").is_socket()


def test_given_a_mounted_volume_then_nobody_can_change_what_is_in_it(node):
    target = node.publish(node.create("pvc-1"))
    for change in (
        lambda: (target / "vineyard.sock").unlink(),
        lambda: (target / "new").write_text(""),
        lambda: (target / "read-only").rename(target / "other"),
        lambda: (target / "vineyard.sock").chmod(0o600),
    ):
        with pytest.raises(OSError, match="Read-only file system"):
            change()


def test_given_the_original_has_stacked_mounts_when_unpublished_then_all_are_gone(node):
    target = node.target()
    target.mkdir()
    for _ in range(4):
        mounts.bind(node.socket_directory(), target)
    assert len(mounts.at(target)) == 4
    for _ in range(2):
        node.driver.call("NodeUnpublishVolume", volume_id="b5e3f8d2-0c1a-11ee-9a5e-0242ac120002",
                         target_path=str(target))  # fmt: skip
        assert not mounts.at(target) and not target.exists()
    assert (node.socket_directory() / "vineyard.sock").is_socket()


def test_given_another_mount_on_the_path_when_published_then_it_is_left_alone(node):
    volume = node.create("pvc-1")
    target = node.target()
    target.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(target)], check=True)
    (target / "precious").write_text("data")
    refused = node.driver.refused("NodePublishVolume", **node.publication(volume, target))
    assert refused.code == "FAILED_PRECONDITION" and "tmpfs" in refused.text
    assert (target / "precious").read_text() == "data" and len(mounts.at(target)) == 1


def test_given_another_volume_on_the_path_when_published_then_the_call_says_so(node):
    first, second = node.create("pvc-1"), node.create("pvc-2")
    target = node.publish(first)
    refused = node.driver.refused("NodePublishVolume", **node.publication(second, target))
    assert refused.code == "ALREADY_EXISTS" and "pvc-1" in refused.text
    assert [mount.root.endswith("/pvc-1") for mount in mounts.at(target)] == [True]


def test_given_a_file_or_a_link_on_the_path_when_published_then_it_is_refused_and_kept(node):
    volume = node.create("pvc-1")
    target = node.target()
    target.write_text("a file")
    assert node.driver.refused("NodePublishVolume", **node.publication(volume, target)).code == "FAILED_PRECONDITION"
    assert target.read_text() == "a file"
    target.unlink()
    elsewhere = node.pods / "elsewhere"
    elsewhere.mkdir()
    target.symlink_to(elsewhere)
    assert node.driver.refused("NodePublishVolume", **node.publication(volume, target)).code == "FAILED_PRECONDITION"
    assert target.is_symlink() and not mounts.at(elsewhere)


BAD_CONTEXTS = [
    {NAMESPACE_KEY: value} for value in ("..", "../..", "a/b", "/etc", "", "Upper", "-a", "a-", "a.b", "x" * 64, "ü")
]
BAD_CONTEXTS += [{NAME_KEY: value} for value in ("..", "../../../tmp", "store/volumes", "", "a b")]
BAD_CONTEXTS += [{"scope": "node"}, {"onDelete": "maybe"}, {"quota": "-1"}, {"quota": "many"}, {"colour": "red"}]


@pytest.fixture
def kept(shared_node):
    """A volume of a node that tests share."""
    return shared_node.create("pvc-kept")


PATHS = ["mount", "./mount", "/", "{}/../../mount", "{}/./mount", "/" + "x" * 5000]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20])
def test_given_a_path_that_leads_elsewhere_when_published_then_it_is_refused(shared_node, kept, path):
    fields = shared_node.publication(kept, path.format(shared_node.pods))
    assert shared_node.driver.refused("NodePublishVolume", **fields).code == "INVALID_ARGUMENT"
    assert not mounts.below(shared_node.pods)


@pytest.mark.parametrize("bad", BAD_CONTEXTS, ids=str)
def test_given_a_bad_context_when_published_then_it_is_refused_and_nothing_is_mounted(shared_node, kept, bad):
    target = shared_node.target()
    fields = shared_node.publication(kept, target, context={**kept.volume_context, **bad})
    assert shared_node.driver.refused("NodePublishVolume", **fields).code == "INVALID_ARGUMENT"
    assert not mounts.at(target) and not target.exists()


@pytest.mark.parametrize("bad", BAD_CONTEXTS, ids=str)
def test_given_bad_parameters_when_a_volume_is_made_then_they_are_refused(shared_node, kept, bad):
    fields = {"name": "pvc-1", "volume_capabilities": [capability()], "parameters": {**parameters(), **bad}}
    assert shared_node.driver.refused("CreateVolume", **fields).code == "INVALID_ARGUMENT"
    assert list(shared_node.records()) == ["pvc-kept"]


@pytest.mark.parametrize("ident", ["../../../etc", "pipelines/store/..", "pipelines/store/a/b", "/etc", "a" * 200, "."])
def test_given_an_id_that_leads_elsewhere_when_published_then_nothing_is_mounted(shared_node, kept, ident):
    fields = shared_node.publication(kept, shared_node.target()) | {"volume_id": ident}
    assert shared_node.driver.refused("NodePublishVolume", **fields).code in ("NOT_FOUND", "INVALID_ARGUMENT")
    assert not mounts.below(shared_node.pods)


def test_given_a_pod_of_the_original_that_plants_a_link_when_published_then_it_is_not_followed(node):
    volume = node.create("pvc-1")
    # The original gives pods the directory of the store, writable.
    volumes = node.socket_directory() / "volumes"
    volumes.rename(node.socket_directory() / "moved")
    volumes.symlink_to("/etc")
    fields = node.publication(volume, node.target()) | {"volume_id": "pipelines/store/ssl"}
    node.driver.refused("NodePublishVolume", **fields)
    assert not mounts.below(node.pods)
    volumes.unlink()
    (node.socket_directory() / "moved").rename(volumes)


def test_given_block_access_or_options_of_disks_when_published_then_they_are_refused(node):
    volume = node.create("pvc-1")
    block = {"block": {}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}
    fields = node.publication(volume, node.target())
    assert node.driver.refused("NodePublishVolume", **fields | {"volume_capability": block}).code == "INVALID_ARGUMENT"
    fields = node.publication(volume, node.target(), mount={"mount_flags": ["discard"]})
    refused = node.driver.refused("NodePublishVolume", **fields)
    assert refused.code == "INVALID_ARGUMENT" and "discard" in refused.text


def test_given_options_of_disks_when_a_volume_is_made_then_its_claim_is_refused_before_any_pod_waits(node):
    fields = {"name": "pvc-1", "parameters": parameters(), "volume_capabilities": [capability(mount_flags=["hard"])]}
    refused = node.driver.refused("CreateVolume", **fields)
    assert refused.code == "INVALID_ARGUMENT" and "mount option 'hard'" in refused.text
    assert node.records() == {}


@pytest.mark.parametrize("leftover", ["file", "link", "directory"])
def test_given_something_else_at_the_path_when_unpublished_then_it_is_cleared(node, leftover):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    node.unpublish(volume, target)
    kept = node.directory / "kept"
    kept.mkdir()
    (kept / "file").touch()
    if leftover == "file":
        target.touch()
    elif leftover == "link":
        target.symlink_to(kept)
    else:
        target.mkdir()
    node.unpublish(volume, target)
    assert not os.path.lexists(target) and (kept / "file").exists()


def test_given_a_volume_of_a_cluster_without_a_store_here_when_published_then_the_call_says_what_is_missing(node):
    volume = node.create("pvc-1")
    fields = node.publication(volume, node.target(), context=parameters("elsewhere"))
    fields["volume_id"] = "pipelines/elsewhere/pvc-1"
    refused = node.driver.refused("NodePublishVolume", **fields)
    assert refused.code == "UNAVAILABLE" and "elsewhere" in refused.text
    assert not mounts.at(node.target())


def test_given_a_long_kubelet_path_when_published_then_it_is_mounted(node):
    volume = node.create("pvc-1", size=MIB * 2)
    target = node.pods / ("d" * 200) / ("volumes" * 20) / "kubernetes.io~csi with spaces"
    target.mkdir(parents=True)
    target = target / "mount"
    node.driver.call("NodePublishVolume", **node.publication(volume, target))
    assert len(mounts.at(target)) == 1
    node.unpublish(volume, target)
    assert not mounts.at(target) and not target.exists()


def test_given_a_process_that_works_in_the_volume_when_unpublished_then_the_path_is_free_all_the_same(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    process = subprocess.Popen(["sleep", "600"], cwd=target)
    try:
        node.unpublish(volume, target)
        assert not mounts.at(target) and not target.exists()
        assert node.publish(volume) == target and len(mounts.at(target)) == 1
    finally:
        process.kill()
        process.wait()


def test_given_a_root_behind_a_link_as_var_run_is_then_mounts_are_recognised_and_replaced_as_ever(start_node):
    node = start_node()
    node.start_store()
    link = node.directory / "link"
    link.symlink_to(node.root)
    node.root = link
    node.start_driver()
    volume = node.create("pvc-1")
    for _ in range(3):
        target = node.publish(volume)
    assert len(mounts.at(target)) == 1
    refused = node.driver.refused("NodePublishVolume", **node.publication(node.create("pvc-2"), target))
    assert refused.code == "ALREADY_EXISTS"
    stats = node.driver.call("NodeGetVolumeStats", volume_id=volume.volume_id, volume_path=str(target))
    assert not stats.volume_condition.abnormal
    node.unpublish(volume, target)
    assert not target.exists()
