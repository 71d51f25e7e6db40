"""The released client in pods: whoever the pod runs as, and the four steps of the pipeline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon import REPOSITORY
from harness.node import MIB
from harness.pod import Pod, in_pod

STEPS = REPOSITORY / "examples/kubeflow/steps"
MULTIPLIER = 2


@pytest.mark.parametrize("scope", ["volume", "cluster"])
@pytest.mark.parametrize(("user", "groups", "mount"), [(0, [], {}), (1000, [], {}),
                                                       (1000, [2000], {"volume_mount_group": "2000"})],
                         ids=["root", "unprivileged", "fsGroup"])  # fmt: skip
def test_given_a_pod_of_any_user_when_a_step_writes_then_the_next_reads(node, scope, user, groups, mount):
    volume = node.create("pvc-1", parameters={"scope": scope})
    with Pod(node.publish(volume, "one", mount=mount), node.directory / "data", user, groups) as pod:
        assert pod.run("os.getuid(), os.getgroups()") == [user, groups]
        pod.write("run-1/frame", "pd.DataFrame({'a': np.arange(1000)})")
    with Pod(node.publish(volume, "two", mount=mount), node.directory / "data", user, groups) as pod:
        assert pod.read("run-1/frame", "int(value['a'].sum())") == 499500
    assert node.records()["pvc-1"]["names"] == 1


def test_given_a_pod_when_it_looks_around_then_it_sees_its_own_volume_only(node):
    node.create("pvc-other")
    with Pod(node.publish(node.create("pvc-1")), node.directory / "data", user=1000) as pod:
        assert sorted(pod.run("os.listdir(volume)")) == ["read-only", "vineyard.sock"]


def test_given_a_limit_when_a_pod_writes_more_then_it_is_told_and_goes_on_after_an_expansion(node):
    volume = node.create("pvc-1", size=16 * MIB)
    with Pod(node.publish(volume), node.directory / "data") as pod:
        with pytest.raises(Exception, match="pvc-1"):
            pod.write("big", "np.zeros(3_000_000)")
        node.driver.call("ControllerExpandVolume", volume_id=volume.volume_id,
                         capacity_range={"required_bytes": 64 * MIB})  # fmt: skip
        pod.write("big", "np.zeros(3_000_000)")
        assert pod.read("big", "len(value)") == 3_000_000


def run_step(node, volume, name, *arguments):
    """A step of the pipeline in a pod of its own; published before, unpublished after."""
    target, path = node.publish(volume, name), node.directory / "vineyard"
    path.mkdir(exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("VINEYARD", "PYTHON"))}
    done = subprocess.run([*in_pod(target, path), sys.executable, "-B", str(STEPS / f"{name}.py"), *arguments],
                          capture_output=True, text=True, timeout=150, env=environment)  # fmt: skip
    assert done.returncode == 0, f"{name}:\n{done.stdout}{done.stderr}"
    node.unpublish(volume, target)
    return done.stdout


def test_given_the_four_steps_of_the_pipeline_each_in_its_own_pod_then_the_result_is_that_of_pickles(node, tmp_path):
    baseline = node.usage()
    volume = node.create("pvc-run", size=None)
    data = [f"--data_dir={tmp_path}"]
    common = [*data, "--with_vineyard=True", f"--vineyard_dir={node.directory / 'vineyard'}"]
    run_step(node, volume, "prepare-data", f"--data_multiplier={MULTIPLIER}", *data)
    run_step(node, volume, "preprocess", f"--data_multiplier={MULTIPLIER}", *common)
    assert node.records()["pvc-run"]["names"] == 4 and node.usage() > baseline
    run_step(node, volume, "train", *common)
    run_step(node, volume, "test", *common)
    through_vineyard = Path(tmp_path, "output.txt").read_text()
    node.delete(volume)
    assert node.usage() == baseline and node.records() == {}
    Path(tmp_path, "output.txt").unlink()
    for name in ("preprocess", "train", "test"):
        more = [f"--data_multiplier={MULTIPLIER}"] if name == "preprocess" else []
        subprocess.run([sys.executable, "-B", str(STEPS / f"{name}.py"), *data, *more], check=True,
                       capture_output=True, timeout=150)  # fmt: skip
    assert Path(tmp_path, "output.txt").read_text() == through_vineyard
