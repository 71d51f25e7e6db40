"""Stores that share an etcd when the network is cut, etcd has no space left, and clocks jump."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import vineyard

from daemon import Daemon
from etcd import Etcd, missing_etcd
from hosts import HostDaemon, Network
from sharing import RELEASED, etcdctl
from waiting import eventually

pytestmark = pytest.mark.beyond_original
FLAGS = ["--meta_lease", "2", "--peer_timeout", "2"]


def put(daemon, value, name):
    return vineyard.connect(daemon.socket).put(value, persist=True, name=name)


def get(daemon, name):
    return vineyard.connect(daemon.socket).get(name=name)


def names(daemon):
    return set(vineyard.connect(daemon.socket).list_names("*"))


# A network that is cut


@pytest.fixture
def cluster():
    """Three stores on hosts of their own; etcd is where the tests are."""
    missing_etcd()
    network = Network()
    server, stores = Etcd(address=network.address), []
    try:
        server.start()
        for _ in range(3):
            stores.append(
                HostDaemon(
                    network.host(),
                    flags=[*server.flags("nemeses"), *FLAGS, "--meta_silence", "3", "--meta_timeout", "4"],
                ).start()
            )
        yield stores
        for store in stores:
            store.stop()
    finally:
        for store in stores:
            store.discard()
        server.discard()
        network.discard()


def test_given_a_store_without_network_then_it_serves_what_it_has_and_returns_with_all_of_it(cluster) -> None:
    first, second, _ = cluster
    put(first, np.arange(1000), "mine")
    np.testing.assert_array_equal(get(second, "mine"), np.arange(1000))
    put(first, np.arange(2000), "unread")
    client = vineyard.connect(first.socket)
    with first.host.unplugged():
        local = client.put(np.ones(5))
        np.testing.assert_array_equal(client.get(local), np.ones(5))
        np.testing.assert_array_equal(client.get(client.get_name("unread")), np.arange(2000))
        with pytest.raises(Exception, match="metadata cannot be written"):
            client.persist(local)
        eventually(lambda: names(second) == set(), "the others give it up")
        put(second, np.ones(3), "meanwhile")
    eventually(lambda: names(second) == names(first) == {"mine", "unread", "meanwhile"}, "all are there again")
    np.testing.assert_array_equal(get(second, "unread"), np.arange(2000))
    np.testing.assert_array_equal(get(first, "meanwhile"), np.ones(3))
    client.persist(local)
    assert vineyard.connect(second.socket).exists(local)


def test_given_two_stores_that_do_not_hear_each_other_then_the_error_names_the_store_or_a_third_one_helps(
    cluster,
) -> None:
    first, second, third = cluster
    put(first, np.arange(1000), "copied")
    np.testing.assert_array_equal(get(third, "copied"), np.arange(1000))
    put(first, np.arange(3000), "alone")
    with second.host.unheard_by(first.host):
        assert names(second) == {"copied", "alone"}
        np.testing.assert_array_equal(get(second, "copied"), np.arange(1000))
        with pytest.raises(Exception, match=first.host.address):
            get(second, "alone")
    np.testing.assert_array_equal(get(second, "alone"), np.arange(3000))


# An etcd that has no space left


@pytest.fixture
def small_etcd():
    missing_etcd()
    server = Etcd(flags=["--quota-backend-bytes", str(2 << 20)])
    try:
        yield server.start()
    finally:
        server.discard()


def test_given_no_space_in_etcd_then_writing_fails_with_the_reason_and_goes_on_when_there_is_some(
    small_etcd, start_daemon
) -> None:
    flags = small_etcd.flags("space")
    first, second = start_daemon(flags=flags), start_daemon(flags=flags)
    put(first, np.arange(10), "before")
    for number in range(100):
        try:
            small_etcd.put(f"others/{number}", "x" * 100_000)
        except OSError:
            break
    else:
        pytest.fail("etcd took everything")
    client = vineyard.connect(first.socket)
    target = client.put(np.arange(20))
    with pytest.raises(Exception, match="the database of etcd is full"):
        client.persist(target)
    np.testing.assert_array_equal(client.get(target), np.arange(20))
    np.testing.assert_array_equal(get(second, "before"), np.arange(10))
    etcdctl(small_etcd, "del", "--prefix", "others/")
    etcdctl(small_etcd, "compact", str(etcdctl(small_etcd, "get", "x", "-w", "json")["header"]["revision"]))
    etcdctl(small_etcd, "defrag")
    etcdctl(small_etcd, "alarm", "disarm")
    client.persist(target)
    client.put_name(target, "after")
    np.testing.assert_array_equal(get(second, "after"), np.arange(20))


# A clock that jumps


@pytest.mark.parametrize(
    ("command", "days"),
    [(None, -1), (None, 1), (RELEASED, 1)],
    ids=["ours, back", "ours, ahead", "the released daemon, ahead"],
)
def test_given_a_clock_that_jumps_then_nobody_is_given_up(tmp_path, etcd, start_daemon, command, days) -> None:
    library, shift = tmp_path / "jumping_clock.so", tmp_path / "shift"
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    shift.write_text("0")
    prefix = f"clock{days}{command is None}"
    # Released daemons are heard every 10 s.
    flags = [*etcd.flags(prefix), *FLAGS, "--meta_silence", "3" if command is None else "30"]
    jumping = Daemon(flags=flags)
    jumping.environment.update(LD_PRELOAD=str(library), CLOCK_SHIFT_FILE=str(shift))
    try:
        jumping.start()
        released = command is not None
        other = start_daemon(flags=etcd.flags(prefix) if released else flags, command=command)
        put(other, np.arange(10), "theirs")
        put(jumping, np.arange(20), "mine")
        before = etcd.revision(f"{prefix}/S0000000000000000/instances/i0/timestamp")
        shift.write_text(str(days * 86_400))
        eventually(
            lambda: etcd.revision(f"{prefix}/S0000000000000000/instances/i0/timestamp") > before,
            "it has told the new time",
        )
        assert names(jumping) == names(other) == {"mine", "theirs"}
        np.testing.assert_array_equal(get(jumping, "theirs"), np.arange(10))
        jumping.stop()
    finally:
        jumping.discard()
