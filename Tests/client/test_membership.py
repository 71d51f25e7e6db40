"""Stores that share an etcd notice who is gone, and come back under their ids."""

import json
import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port, run_daemon
from etcd import Etcd, missing_etcd
from sharing import RELEASED
from waiting import eventually

# Nobody is given up while a test runs, or soon.
PATIENT = ["--meta_lease", "2", "--meta_silence", "3000"]
HASTY = ["--meta_lease", "2", "--meta_silence", "3"]


@pytest.fixture
def etcd():
    missing_etcd()
    server = Etcd()
    try:
        yield server.start()
    finally:
        server.discard()


@pytest.fixture
def start(etcd):
    """Starts daemons that share an etcd, with flags of each one's own."""
    started = []

    def start(*flags, **options):
        metrics = free_port()
        flags = [*etcd.flags("shared"), *flags] + ["--metrics_port", str(metrics)] * ("command" not in options)
        started.append(Daemon(flags=flags, **options))
        started[-1].metrics = metrics
        return started[-1].start()

    try:
        yield start
    finally:
        for daemon in started:
            daemon.process.send_signal(signal.SIGCONT)
            daemon.discard()


def http(daemon, path):
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.metrics}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def instances(daemon):
    """Numbers of stores that are reachable and that are not."""
    text = http(daemon, "/metrics")[1]
    return tuple(
        int(re.search(rf'vineyard_instances{{state="{state}"}} (\d+)', text)[1])
        for state in ("reachable", "unreachable")
    )


def put(daemon, name):
    """Persists an array under a name."""
    client = vineyard.connect(daemon.socket)
    return client.put(np.arange(10), persist=True, name=name)


def knows(daemon, target, name):
    """Whether a store finds an object and its name."""
    client = vineyard.connect(daemon.socket)
    return client.exists(target) and name in client.list_names("*")


def names(daemon):
    return set(vineyard.connect(daemon.socket).list_names("*"))


def test_given_a_killed_store_then_it_is_unreachable_and_soon_gone_for_several_who_reap(etcd, start) -> None:
    first, second, third = start(*HASTY), start(*HASTY), start(*HASTY)
    target, kept = put(second, "gone"), put(first, "kept")
    eventually(lambda: knows(first, target, "gone") and knows(third, target, "gone"), "others know the object")
    second.kill()
    for daemon in (first, third):
        eventually(lambda: instances(daemon)[1] == 1 or instances(daemon) == (2, 0), "the store is missed")
        eventually(lambda: names(daemon) == {"kept"}, "the name is gone")
        eventually(lambda: not vineyard.connect(daemon.socket).exists(target), "the object is gone")
        eventually(lambda: instances(daemon) == (2, 0), "the record is gone")
        assert knows(daemon, kept, "kept")
        assert set(vineyard.connect(daemon.socket).meta) == {0, 2}
    eventually(lambda: not [key for key in etcd.all_keys() if "/i1" in key], "nothing of it is left in etcd")
    assert put(third, "more")


def test_given_a_store_that_is_told_to_stop_then_it_is_gone_at_once(etcd, start) -> None:
    first, second = start(*PATIENT), start(*PATIENT)
    target = put(second, "gone")
    eventually(lambda: knows(first, target, "gone"), "the other knows the object")
    second.stop()
    assert not [key for key in etcd.all_keys() if "/i1" in key or key.endswith("names/gone")]
    eventually(lambda: names(first) == set() and instances(first) == (1, 0), "the other knows that it is gone")
    assert "instance 1 and its 1 objects are removed from etcd" in second.stderr


def test_given_a_store_that_is_started_again_then_what_it_had_is_gone_and_it_has_a_new_id(start) -> None:
    first, second = start(*PATIENT), start(*PATIENT)
    target = put(second, "gone")
    eventually(lambda: knows(first, target, "gone"), "the other knows the object")
    second.kill()
    second.start()
    assert vineyard.connect(second.socket).instance_id == 2
    assert names(second) == set()
    eventually(lambda: names(first) == set() and instances(first) == (2, 0), "the other knows that it is gone")
    assert "instance 1 was here before: its record and 1 objects are removed" in second.stderr


def test_given_a_store_that_was_stopped_then_it_returns_with_all_it_has_under_its_id(start) -> None:
    first, second = start(*HASTY), start(*HASTY)
    client = vineyard.connect(second.socket)
    target = put(second, "back")
    deleted = put(second, "deleted")
    eventually(lambda: knows(first, target, "back") and knows(first, deleted, "deleted"), "the other knows the objects")
    second.process.send_signal(signal.SIGSTOP)
    eventually(lambda: names(first) == set() and instances(first) == (1, 0), "it is given up")
    other = put(first, "other")
    second.process.send_signal(signal.SIGCONT)
    eventually(lambda: knows(first, target, "back"), "the other knows the object again")
    assert client.instance_id == 1 and vineyard.connect(second.socket).instance_id == 1
    np.testing.assert_array_equal(client.get(name="back"), np.arange(10))
    eventually(lambda: knows(second, other, "other"), "it knows what happened meanwhile")
    assert instances(first) == (2, 0)
    vineyard.connect(first.socket).delete(deleted)
    eventually(lambda: not client.exists(deleted), "deletions are believed again")


def test_given_a_store_that_was_away_for_a_moment_then_it_finds_everything(etcd, start) -> None:
    first, second = start(*PATIENT), start(*PATIENT)
    target = put(second, "stays")
    eventually(lambda: knows(first, target, "stays"), "the other knows the object")
    second.process.send_signal(signal.SIGSTOP)
    eventually(lambda: instances(first) == (1, 1), "it is unreachable")
    assert knows(first, target, "stays") and set(vineyard.connect(first.socket).meta) == {0, 1}
    record = etcd.revision("shared/S0000000000000000/instances/i1/hostid")
    second.process.send_signal(signal.SIGCONT)
    eventually(lambda: instances(first) == (2, 0), "it is there again")
    assert etcd.revision("shared/S0000000000000000/instances/i1/hostid") == record, "it was not registered anew"
    assert knows(second, target, "stays")


def test_given_an_etcd_that_lost_its_data_then_all_stores_return_and_no_id_is_reused(etcd, start) -> None:
    first, second = start(*PATIENT), start(*PATIENT)
    targets = {name: put(daemon, name) for name, daemon in [("a", first), ("b", second)]}
    etcd.wipe()
    etcd.start()
    for daemon in (first, second):
        eventually(lambda: "and its objects return" in daemon.stderr, "the store returns")
    third = start(*PATIENT)
    assert vineyard.connect(third.socket).instance_id == 2
    for daemon in (first, second, third):
        for name, target in targets.items():
            eventually(lambda: knows(daemon, target, name), f"{name} is known again")
    assert [vineyard.connect(daemon.socket).instance_id for daemon in (first, second)] == [0, 1]
    np.testing.assert_array_equal(vineyard.connect(third.socket).get(name="b"), np.arange(10))


def test_given_a_dead_released_daemon_then_it_is_reaped_by_its_timestamp(start) -> None:
    released = start(command=RELEASED)
    put(released, "gone")
    released.kill()
    ours = start(*HASTY)
    assert names(ours) == {"gone"}
    eventually(lambda: names(ours) == set() and instances(ours) == (1, 0), "it is gone")


def test_given_somebody_with_the_lock_then_nothing_is_reaped_before_it_is_free(etcd, start) -> None:
    first, second = start(*HASTY), start(*HASTY)
    target = put(second, "gone")
    eventually(lambda: knows(first, target, "gone"), "the other knows the object")
    lock = "shared/S0000000000000000/meta_sync_lock/"
    etcd.put(f"{lock}1", "")
    second.kill()
    eventually(
        lambda: len([key for key in etcd.all_keys() if key.startswith(lock)]) == 2, "the reaper waits for the lock"
    )
    assert knows(first, target, "gone") and set(vineyard.connect(first.socket).meta) == {0, 1}
    etcd.delete(f"{lock}1")
    eventually(lambda: names(first) == set(), "it is reaped")


def test_given_an_id_that_somebody_else_has_then_the_store_says_so_until_it_is_free(etcd, start) -> None:
    store = start(*PATIENT)
    member = "shared/cluster/members/i0"
    etcd.put(member, json.dumps({"process": "p1", "place": "elsewhere"}))
    etcd.delete("shared/cluster/alive/i0")
    etcd.revoke_leases()
    eventually(lambda: http(store, "/readyz")[0] == 503, "the store is not ready")
    assert "instance id 0 is used by a store at elsewhere: restart this store" in http(store, "/readyz")[1]
    etcd.delete(member)
    eventually(lambda: http(store, "/readyz")[0] == 200, "the store is ready again")
    assert vineyard.connect(store.socket).instance_id == 0


# Without etcd at the start


@pytest.fixture
def waiting(tmp_path):
    """A store whose etcd is not there yet."""
    missing_etcd()
    server = Etcd()
    daemon = Daemon(flags=[*server.flags(), "--metrics_port", str(free_port())])
    daemon.metrics = int(daemon.flags[-1])
    try:
        daemon.spawn()
        eventually(lambda: "the store is not ready" in daemon.stderr, "it says that it is not ready")
        yield daemon, server
    finally:
        daemon.discard()
        server.discard()


def test_given_no_etcd_then_the_store_waits_and_says_so(waiting) -> None:
    daemon, server = waiting
    assert not os.path.exists(daemon.socket)
    status, text = http(daemon, "/readyz")
    assert status == 503 and "the store is not ready: its metadata is in etcd: etcd is unavailable" in text
    assert f"(hint: see that etcd runs at {server.client}" in text
    assert http(daemon, "/healthz")[0] == 200
    server.start()
    eventually(daemon.accepts, "the store serves")
    assert http(daemon, "/readyz") == (200, "ok\n")
    assert daemon.stderr.count("the store is not ready") == 1
    assert put(daemon, "first")
    daemon.stop()


def test_given_no_etcd_when_the_store_is_told_to_stop_then_it_does(waiting) -> None:
    waiting[0].stop()


def test_given_no_etcd_within_the_time_that_it_was_given_then_the_store_ends(tmp_path) -> None:
    run = run_daemon(
        "--socket", str(tmp_path / "socket"), "--norpc", "--size", "16M", "--meta", "etcd",
        "--etcd_endpoint", f"http://127.0.0.1:{free_port()}", "--meta_timeout", "1",
    )  # fmt: skip
    assert run.returncode == 3
    assert "error: the store is not ready: its metadata is in etcd" in run.stderr


# Connection security


def test_given_certificates_a_password_and_several_endpoints_then_stores_share_what_they_have(start, tmp_path) -> None:
    missing_etcd()
    server = Etcd(certificates=tmp_path)
    (tmp_path / "password").write_text("secret\n")
    daemons = []
    flags = [
        *["--meta", "etcd", "--etcd_endpoint", f"https://127.0.0.1:{free_port()},{server.client}"],
        *["--etcd_ca_file", f"{tmp_path}/ca.crt", "--etcd_cert_file", f"{tmp_path}/client.crt"],
        *["--etcd_key_file", f"{tmp_path}/client.key", "--etcd_user", "root"],
    ]
    try:
        server.start()
        server.require_password("secret")
        for index in range(2):
            daemon = Daemon(flags=flags + ["--etcd_password_file", f"{tmp_path}/password"] * (1 - index))
            daemon.environment["VINEYARD_ETCD_PASSWORD"] = "secret" if index else "wrong"
            daemons.append(daemon)
            daemon.start()
            assert b"secret" not in Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        target = put(daemons[0], "safe")
        eventually(lambda: knows(daemons[1], target, "safe"), "the other knows the object")
    finally:
        for daemon in daemons:
            daemon.discard()
        server.discard()


def test_given_a_file_that_is_no_certificate_then_the_store_ends_with_one_line(tmp_path) -> None:
    (tmp_path / "ca.crt").write_text("nonsense")
    run = run_daemon(
        "--socket", str(tmp_path / "socket"), "--norpc", "--size", "16M", "--meta", "etcd",
        "--etcd_endpoint", "https://127.0.0.1:1", "--etcd_ca_file", str(tmp_path / "ca.crt"),
    )  # fmt: skip
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("error: invalid --etcd_ca_file") and "it has no certificate" in line
