"""Bytes between stores: who gets them, how they travel, and what happens to copies when the owner deletes or goes."""

import base64
import contextlib
import json
import re
import signal
import socket
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port
from etcd import issue_certificates
from waiting import eventually

MIB = 1 << 20


@pytest.fixture
def start(etcd, request, tmp_path):
    """Starts stores that share an etcd, each with flags of its own; a released one with `command`."""
    flags = etcd.flags(f"peers{id(request)}")
    started = []

    def start(*own, command=None, size="128M"):
        metrics = [] if command else ["--metrics_port", str(free_port())]
        started.append(Daemon(size=size, command=command, flags=[*flags, *metrics, *own]).start())
        return started[-1]

    yield start
    for daemon in started:
        daemon.discard()


@pytest.fixture
def token(tmp_path):
    """Writes a token into a file and gives the flag for it."""

    def token(text, name="token"):
        path = tmp_path / name
        path.write_text(f"{text}\n")
        return f"--admin_token_file={path}"

    return token


@pytest.fixture
def tls(tmp_path):
    """The flags for certificates of one authority."""
    issue_certificates(tmp_path)

    def tls(role="server", use="require"):
        names = {"cert": f"{role}.crt", "key": f"{role}.key", "ca": "ca.crt"}
        return [f"--peer_tls={use}", *(f"--peer_{flag}_file={tmp_path / name}" for flag, name in names.items())]

    return tls


def metric(daemon, name):
    port = daemon.flags[daemon.flags.index("--metrics_port") + 1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        return float(re.search(rf"^{name} (\S+)$", page.read().decode(), re.M)[1])


def put(owner, value, name, *readers):
    """Puts an object into one store and waits until the others know it."""
    target = vineyard.connect(owner.socket).put(value, persist=True, name=name)
    for reader in readers:
        client = vineyard.connect(reader.socket)
        eventually(lambda client=client: name in client.list_names(name), "the name is on the other")
    return target


def read(store, name):
    return vineyard.connect(store.socket).get(name=name)


def large(seed=0):
    return np.random.default_rng(seed).integers(0, 255, 40 * MIB, dtype=np.uint8)


def test_given_the_same_token_then_ranges_come_and_the_token_is_not_sent(start, token) -> None:
    secret = "do-not-send-me"
    owner, reader = start(token(secret)), start(token(secret, "other"))
    target = put(owner, large(), "proven", reader)
    with Relay(owner.rpc_port) as relay:
        publish_port(reader, owner, relay.port)
        assert has(reader, target)
        np.testing.assert_array_equal(read(reader, "proven"), large())
    assert metric(reader, "vineyard_fetches_total") == 1
    assert b"prove_peer_request" in relay.seen and b"range_length" in relay.seen
    assert secret.encode() not in relay.seen


def test_given_another_token_then_the_error_names_the_store_and_the_reason(start, token) -> None:
    owner, reader = start(token("one")), start(token("two", "other"))
    put(owner, np.ones(100), "refused", reader)
    with pytest.raises(
        Exception, match=r"on node '.*' at 127.0.0.1:\d+ does not send its blobs: the proof is not made"
    ):
        read(reader, "refused")


def test_given_a_rotated_token_then_stores_with_the_former_one_are_served(start, token, tmp_path) -> None:
    owner, reader = start(token("old")), start(token("old", "other"))
    put(owner, np.ones(100), "rotated", reader)
    (tmp_path / "token").write_text("new")
    np.testing.assert_array_equal(read(reader, "rotated"), np.ones(100))
    put(reader, np.zeros(10), "back", owner)
    np.testing.assert_array_equal(read(owner, "back"), np.zeros(10))


def test_given_passwords_and_a_token_then_stores_need_no_password(start, token, tmp_path) -> None:
    users = tmp_path / "users"
    users.write_text("user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")  # "password"
    owner, reader = start(token("t"), f"--htpasswd={users}"), start(token("t"))
    client = vineyard.connect(owner.socket, username="user", password="password")
    client.put(np.ones(100), persist=True, name="guarded")
    eventually(lambda: "guarded" in vineyard.connect(reader.socket).list_names("guarded"), "the name is there")
    np.testing.assert_array_equal(read(reader, "guarded"), np.ones(100))


@pytest.mark.parametrize("with_token", [False, True], ids=["no token", "a token"])
def test_given_tls_then_the_bytes_are_right_and_cannot_be_read_on_the_way(start, tls, token, with_token) -> None:
    proof = [token("t")] if with_token else []
    owner, reader = start(*tls(), *proof), start(*tls("client"), *proof)
    put(owner, large(), "in pieces", reader)
    np.testing.assert_array_equal(read(reader, "in pieces"), large())
    marked = np.frombuffer(b"plain to see" * (MIB * 6 // 12), dtype=np.uint8)
    target = put(owner, marked, "encrypted", reader)
    with Relay(owner.rpc_port) as relay:
        publish_port(reader, owner, relay.port)
        assert has(reader, target)
        np.testing.assert_array_equal(read(reader, "encrypted"), marked)
        assert len(relay.seen) > marked.nbytes and b"peer_tls" in relay.seen
        assert b"plain to see" not in relay.seen


def test_given_tls_on_one_side_only_then_it_depends_on_whether_it_is_required(start, tls) -> None:
    offering, plain, requiring = start(*tls(use="offer")), start(), start(*tls("client"))
    put(offering, np.ones(10), "offered", plain, requiring)
    put(plain, np.ones(11), "plain", offering, requiring)
    put(requiring, np.ones(12), "required", offering, plain)
    np.testing.assert_array_equal(read(plain, "offered"), np.ones(10))
    np.testing.assert_array_equal(read(offering, "plain"), np.ones(11))
    np.testing.assert_array_equal(read(offering, "required"), np.ones(12))
    with pytest.raises(Exception, match="talks to others over TLS only"):
        read(plain, "required")
    with pytest.raises(Exception, match="does not speak TLS"):
        read(requiring, "plain")


def test_given_a_foreign_certificate_then_no_bytes_come_and_new_files_are_used_at_once(start, tls, tmp_path) -> None:
    owner = start(*tls())
    (tmp_path / "foreign").mkdir()
    issue_certificates(tmp_path / "foreign")
    flags = [flag.replace(f"{tmp_path}/", f"{tmp_path}/foreign/") for flag in tls("client")]
    right = {name: (tmp_path / name).read_bytes() for name in ["ca.crt", "client.crt", "client.key"]}
    reader = start(*flags)
    put(owner, np.ones(100), "foreign", reader)
    with pytest.raises(Exception, match=r"no TLS with it: (certificate verify failed|bad signature)"):
        read(reader, "foreign")
    for name, text in right.items():
        (tmp_path / "foreign" / name).write_bytes(text)
    np.testing.assert_array_equal(read(reader, "foreign"), np.ones(100))


def test_given_a_deletion_then_it_is_answered_when_no_reader_gets_a_copy_any_more(start) -> None:
    owner, reader = start(), start()
    names = [f"deleted{i}" for i in range(20)]
    targets = [put(owner, np.arange(1000) + i, name, reader) for i, name in enumerate(names)]
    client, other = vineyard.connect(owner.socket), vineyard.connect(reader.socket)
    for name in names:
        other.get(name=name)
    for target in targets:
        client.delete(target)
        assert not has(reader, target), "the deletion was answered before the copy was gone"
    assert metric(reader, "vineyard_cached_bytes") == 0
    assert metric(owner, "vineyard_late_copies_total") == 0


def test_given_a_third_store_deletes_then_it_waits_for_the_copies_too(start) -> None:
    owner, reader, third = start(), start(), start()
    target = put(owner, np.arange(1000), "third", reader, third)
    read(reader, "third")
    vineyard.connect(third.socket).delete(target)
    assert not has(reader, target)
    assert metric(reader, "vineyard_cached_bytes") == 0


def test_given_a_holder_hangs_then_a_deletion_waits_for_its_lease_and_no_longer(start) -> None:
    owner, reader = start("--peer_timeout=60"), start()
    target = put(owner, np.arange(1000), "hung", reader)
    read(reader, "hung")
    reader.process.send_signal(signal.SIGSTOP)
    answered = threading.Event()

    def delete():
        with owner.wire() as wire:
            wire.ask("del_data_request", id=[int(target)], force=False, deep=True, memory_trim=False, fastpath=False)
        answered.set()

    thread = threading.Thread(target=delete)
    thread.start()
    eventually(lambda: metric(owner, 'vineyard_instances{state="unreachable"}') == 1, "the reader is given up")
    thread.join()
    assert answered.is_set()
    reader.process.send_signal(signal.SIGCONT)
    eventually(lambda: not has(reader, target), "the copy is gone when the holder is back")


def test_given_released_stores_then_deletions_are_answered(start) -> None:
    owner, released = start(), start(command=[str(Path(vineyard.__file__).parent / "bdist/vineyardd")])
    target = put(owner, np.arange(1000), "released", released)
    np.testing.assert_array_equal(read(released, "released"), np.arange(1000))
    vineyard.connect(owner.socket).delete(target)
    target = put(released, np.arange(10), "theirs", owner)
    np.testing.assert_array_equal(read(owner, "theirs"), np.arange(10))
    vineyard.connect(owner.socket).delete(target)
    assert metric(owner, "vineyard_late_copies_total") == 0


def test_given_the_owner_hangs_then_another_store_with_a_copy_serves_it(start) -> None:
    owner, holder, reader = start(), start(), start("--peer_timeout=2")
    array = large(1)
    put(owner, array, "copied", holder, reader)
    put(owner, np.ones(5), "not copied", reader)
    read(holder, "copied")
    owner.process.send_signal(signal.SIGSTOP)
    np.testing.assert_array_equal(read(reader, "copied"), array)
    assert metric(reader, "vineyard_fetches_from_copies_total") == 1
    with pytest.raises(Exception, match=rf"on node '.*' at 127.0.0.1:{owner.rpc_port}"):
        read(reader, "not copied")
    owner.process.send_signal(signal.SIGCONT)
    eventually(lambda: can_read(reader, "not copied"), "the owner is back")


def has(store, target):
    """Whether a reader gets an object; unlike the released client it lets other threads run meanwhile."""
    with store.wire() as wire:
        return bool(wire.call("get_data_request", id=[int(target)], sync_remote=True, wait=False).get("content"))


def can_read(store, name):
    try:
        return read(store, name) is not None
    except Exception:
        return False


def publish_port(reader, owner, port):
    """Has the reader find the owner at another port."""
    prefix = owner.flags[owner.flags.index("--etcd_prefix") + 1]
    endpoint = owner.flags[owner.flags.index("--etcd_endpoint") + 1]
    instance = vineyard.connect(owner.socket).instance_id
    put_key(endpoint, f"{prefix}/S0000000000000000/instances/i{instance}/rpc_endpoint", f'"127.0.0.1:{port}"')
    client = vineyard.connect(reader.socket)
    eventually(lambda: str(port) in str(client.meta), "the reader knows the port")


def put_key(endpoint, key, value):
    body = {name: base64.b64encode(text.encode()).decode() for name, text in (("key", key), ("value", value))}
    urllib.request.urlopen(f"{endpoint}/v3/kv/put", json.dumps(body).encode()).close()


class Relay:
    """Passes connections on to a port, and keeps what was seen in either direction."""

    def __init__(self, target):
        self.target, self.seen = target, bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                with self.lock:
                    self.seen += data
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
