"""Given a running pod, when a port is forwarded over a WebSocket, then bytes flow both ways."""

import socket
import ssl
import threading

import pytest
import websocket

import objects
from waiting import eventually

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def echo():
    """A TCP server that answers in capitals; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data.upper())

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def connect(double, ports, **more):
    files = {"ca_certs": str(double.directory / "ca.crt"), "certfile": str(double.directory / "client.crt")}
    options = {**files, "keyfile": str(double.directory / "client.key"), "cert_reqs": ssl.CERT_REQUIRED}
    url = double.server.replace("https", "wss") + f"{PODS}/one/portforward?ports={ports}"
    return websocket.create_connection(url, sslopt=options, subprotocols=["v4.channel.k8s.io"], timeout=30, **more)


@pytest.fixture
def pod(api):
    api.post(PODS, objects.pod())
    eventually(lambda: api.get(f"{PODS}/one").json["status"]["phase"] == "Running", "the pod runs")


def test_given_a_target_when_forwarded_then_bytes_flow_after_the_port_numbers(double, pod, echo):
    double.forward("default", "one", 9600, echo)
    stream = connect(double, 9600)
    port = (9600).to_bytes(2, "little")
    assert {stream.recv(), stream.recv()} == {b"\x00" + port, b"\x01" + port}
    stream.send_binary(b"\x00hello")
    assert stream.recv() == b"\x00HELLO"
    stream.close()


@pytest.mark.double_only(reason="needs a kubelet")
def test_given_no_target_when_forwarded_then_the_error_channel_says_so(double, pod):
    stream = connect(double, 1)
    messages = [stream.recv() for _ in range(3)]
    assert messages[2].startswith(b"\x01") and b"connection refused" in messages[2]
    stream.close()


def test_given_a_client_that_wants_json_when_upgraded_then_406(double, pod):
    """A kubelet has nothing to represent, and its library answers so."""
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        connect(double, 9600, header=["Accept: application/json"])
    assert refusal.value.status_code == 406


def test_given_no_websocket_when_asked_then_400(api, pod):
    assert api.get(f"{PODS}/one/portforward", ports=1).json["message"] == "Upgrade request required"
