"""Given clients that behave badly, then the webhook goes on answering the others."""

import json
import socket
import ssl
import urllib.error
import urllib.request

import pytest

from endpoints import post, probe, wait_until_ready
from waiting import eventually

PATH = "/validate-k8s-v6d-io-v1alpha1-vineyardd"
REQUEST = {"uid": "u", "operation": "DELETE"}
GOOD = json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": REQUEST}).encode()


@pytest.fixture
def webhook(managers):
    webhook = managers.start_webhook()
    wait_until_ready(managers.start(certificates=True))
    wait_until_ready(webhook)
    return webhook


def connect(webhook):
    context = ssl._create_unverified_context()
    plain = socket.create_connection(("127.0.0.1", webhook.port("resources")), timeout=30)
    return context.wrap_socket(plain)


def begin(connection, length):
    connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: webhook\r\nContent-Length: {length}\r\n\r\n".encode())


def answer(connection):
    """The head and the body of an answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        assert chunk, "closed before there was an answer"
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    while len(body) < int(fields["content-length" if "content-length" in fields else "Content-Length"]):
        body += connection.recv(65536)
    return head.decode(), body.decode()


def is_alive(webhook):
    status, text = post(webhook, PATH, GOOD)
    return status == 200 and json.loads(text)["response"] == {"uid": "u", "allowed": True}


def test_given_clients_that_say_nothing_then_others_are_answered(webhook):
    waiting = [socket.create_connection(("127.0.0.1", webhook.port("resources"))) for _ in range(50)]
    half = [connect(webhook) for _ in range(10)]
    for connection in half:
        begin(connection, 1000)

    assert is_alive(webhook)
    for connection in waiting + half:
        connection.close()
    assert is_alive(webhook)


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(200), bytes(70000)])
def test_given_noise_instead_of_tls_then_others_are_answered(webhook, noise):
    with socket.create_connection(("127.0.0.1", webhook.port("resources"))) as connection:
        connection.sendall(noise)
        connection.settimeout(30)
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
    assert is_alive(webhook)


@pytest.mark.parametrize(
    "noise", [b"\r\n" * 3, b"POST / HTTP/9\r\n\r\n", b"{" * 5000, b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"]
)
def test_given_noise_instead_of_http_then_others_are_answered(webhook, noise):
    connection = connect(webhook)
    connection.sendall(noise)
    connection.shutdown(socket.SHUT_WR)
    connection.close()
    assert is_alive(webhook)


def test_given_several_reviews_on_a_connection_then_each_is_answered(webhook):
    connection = connect(webhook)
    for _ in range(3):
        begin(connection, len(GOOD))
        connection.sendall(GOOD)
        head, body = answer(connection)
        assert head.startswith("HTTP/1.1 200") and json.loads(body)["response"]["allowed"] is True


def test_given_a_body_that_is_too_long_then_the_client_is_told_though_it_sends_on(webhook):
    connection = connect(webhook)
    begin(connection, 9 << 20)
    for _ in range(9):
        connection.sendall(b" " * (1 << 20))
    head, body = answer(connection)
    assert head.startswith("HTTP/1.1 413") and "bytes at most" in body
    assert is_alive(webhook)


def test_given_bodies_that_together_take_too_much_memory_then_the_last_is_put_off(webhook):
    held = [connect(webhook) for _ in range(4)]
    for connection in held:
        begin(connection, 7 << 20)
        connection.sendall(b" " * ((7 << 20) - 1))

    def is_put_off():
        with connect(webhook) as connection:
            begin(connection, len(GOOD))
            connection.sendall(GOOD)
            return answer(connection)[0].startswith("HTTP/1.1 503")

    eventually(is_put_off, "all that is held has been read")

    for connection in held:
        connection.close()
    assert is_alive(webhook)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_given_old_versions_of_tls_then_they_are_refused(webhook):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    refused = pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION")
    with socket.create_connection(("127.0.0.1", webhook.port("resources"))) as plain, refused:
        context.wrap_socket(plain)
    assert connect(webhook).version() == "TLSv1.3"


def test_given_the_end_then_reviews_are_answered_for_a_while_and_connections_end(webhook):
    kept = connect(webhook)
    webhook.process.terminate()
    webhook.says("stopping")

    begin(kept, len(GOOD))
    kept.sendall(GOOD)
    head, _ = answer(kept)
    assert "connection: close" in head.lower()
    assert is_alive(webhook), "an API server that has not heard yet is answered, too"
    assert webhook.process.wait(20) == 0


def test_given_another_method_or_path_then_the_answer_says_what_is_possible(webhook):
    port = webhook.port("resources")
    context = ssl._create_unverified_context()
    for path, method, status in [(PATH, "GET", 405), ("/convert", "POST", 404), ("/", "GET", 404)]:
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, context=context)
        assert caught.value.code == status
    assert probe(webhook.port("health"), "/readyz") == (200, "ok\n")
