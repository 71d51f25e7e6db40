"""The pod of a store, as its manifest describes it."""

from dataclasses import replace
from pathlib import Path

import pandas
import pytest
import vineyard
import vineyard.csi

from pod import Pod

DEPLOYMENT = ("Deployment", "vineyardd-sample")


@pytest.fixture
def store(pod, containers, image):
    """Pod and running container, ready as its readiness probe sees it."""
    made = pod(*DEPLOYMENT)
    container = containers(image, made.process("vineyardd"))
    probe = made.container("vineyardd")["readinessProbe"]["exec"]["command"]
    container.until(lambda: container.execute(*probe).status == 0, "the readiness probe succeeds")
    return made, container


def test_released_client_uses_it_through_the_directory_of_the_node(store):
    made, _ = store
    directory = made.volumes["vineyard-socket"]
    client = vineyard.connect(str(directory / "vineyard.sock"))
    client.close()
    frame = pandas.DataFrame({"a": range(1000), "b": [float(number) for number in range(1000)]})
    vineyard.csi.write(frame, str(directory / "frame.pkl"))
    pandas.testing.assert_frame_equal(vineyard.csi.read(str(directory / "frame.pkl")), frame)


def test_it_has_no_rights_and_a_root_it_cannot_write(store):
    _, container = store
    [number] = container.processes()
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines() if ":\t" in line
    )
    assert {status[kind] for kind in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    root = next(
        line.split() for line in Path(f"/proc/{number}/mounts").read_text().splitlines() if line.split()[1] == "/"
    )
    assert "ro" in root[3].split(",")


def test_it_stops_when_told_to(store):
    made, container = store
    stopped = container.stop()
    assert stopped.status == 0, stopped.story
    assert not (made.volumes["vineyard-socket"] / "vineyard.sock").exists()


def test_probe_fails_once_the_store_is_dead(store, start_container, image):
    made, container = store
    socket = made.volumes["vineyard-socket"]
    container.discard()
    assert (socket / "vineyard.sock").exists()
    process = image.process("probe", "--socket=/sockets/vineyard.sock")
    process.mounts = {"/sockets": (socket, False)}
    assert start_container(image, process).wait().status == 3


def test_pod_of_the_original_runs_in_the_image_with_a_shell(build, containers, manifests, tmp_path):
    """Its command line is one word for bash, and its readiness is that `ls` finds the socket.

    Only the metadata must be local here, where no etcd is.
    """
    image = build("--with-shell", "--tag", "localhost/vineyardctl:shell")
    line = (
        "/usr/local/bin/vineyardd --sync_crds true --socket /var/run/vineyard.sock --size  --stream_threshold 80 "
        "--etcd_cmd etcd --etcd_prefix /vineyard --etcd_endpoint http://vineyardd-sample-etcd-service:2379 "
        "--meta local"
    )
    process = Pod(manifests, DEPLOYMENT, tmp_path / "volumes", image.configuration).process("vineyardd")
    process = replace(process, arguments=["/bin/bash", "-c", line])
    container = containers(image, process)
    container.until(lambda: container.execute("ls", "/var/run/vineyard.sock").status == 0, "ls finds the socket")
