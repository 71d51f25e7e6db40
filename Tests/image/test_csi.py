"""The pods of the CSI driver, as their manifests describe them."""

import grpc
import pytest

# csi.v1.ProbeResponse with ready, and the name in csi.v1.GetPluginInfoResponse.
READY = bytes.fromhex("0a020801")
NAME = b"\x0a\x13csi.vineyard.v6d.io"


@pytest.fixture
def call():
    """Calls a method of the driver's Identity service; returns the bytes of the reply."""
    channels = []

    def call(socket, method):
        channels.append(grpc.insecure_channel(f"unix:{socket}"))
        return channels[-1].unary_unary(f"/csi.v1.Identity/{method}")(b"", timeout=60, wait_for_ready=True)

    yield call
    for channel in channels:
        channel.close()


@pytest.fixture
def driver(pod, containers, image):
    """Starts the driver's container of a workload; returns its socket."""

    def start(kind, name, environment, **volumes):
        made = pod(kind, name, **volumes)
        process = made.process("vineyard-csi-driver", **environment)
        process.mounts.update({path: (made.volumes[name], True) for path, name in ACCOUNT.items() if name in volumes})
        container = containers(image, process)
        socket = made.volumes["plugin-dir"] / "csi.sock"
        container.until(socket.exists, "the socket is there")
        return container, socket

    return start


# Where the kubelet mounts the token of the pod's account.
ACCOUNT = {"/var/run/secrets/kubernetes.io/serviceaccount": "account"}


def test_controller_is_ready(driver, call, in_cluster):
    environment, account = in_cluster(group=65532)
    container, socket = driver("Deployment", "csidriver-sample-csi-driver", environment, account=account)
    assert call(socket, "Probe") == READY
    assert NAME in call(socket, "GetPluginInfo")
    assert container.stop().status == 0


def test_node_plugin_is_ready(driver, call):
    container, socket = driver("DaemonSet", "csidriver-sample-csi-nodes", {})
    assert call(socket, "Probe") == READY
    assert NAME in call(socket, "GetPluginInfo")
    assert container.stop().status == 0
