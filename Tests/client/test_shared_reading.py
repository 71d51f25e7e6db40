"""What one store writes to etcd, another reads at once; what etcd cannot tell is said from memory."""

import subprocess
import urllib.request

import numpy as np
import pytest
import vineyard

from daemon import Daemon, free_port
from sharing import COMBINATIONS, RELEASED, etcdctl
from waiting import PATIENCE, eventually


@pytest.fixture
def pair(etcd, request):
    """Two daemons with a prefix of their own; the parameter says which of them are the released one."""
    started = []
    try:
        for command in getattr(request, "param", (None, None)):
            started.append(Daemon(command=command, flags=etcd.flags(f"reading{id(request)}")).start())
        yield started
    finally:
        for daemon in started:
            daemon.discard()


@pytest.mark.parametrize("pair", COMBINATIONS[:1] + [(RELEASED, None)], indirect=True, ids=["ours", "released"])
def test_given_a_write_that_was_answered_then_the_other_reads_it_without_waiting(pair) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    for turn in range(30):
        with pytest.raises(vineyard.ObjectNotExistsException):
            second.get_name(f"n{turn}")
        target = first.put(np.arange(turn + 1), persist=True, name=f"n{turn}")
        if turn % 3 == 0:
            assert second.get_name(f"n{turn}") == target
        elif turn % 3 == 1:
            assert second.exists(target)
        np.testing.assert_array_equal(second.get(target), np.arange(turn + 1))
        second.put_name(target, f"m{turn}")
        assert first.get_name(f"m{turn}") == target


@pytest.mark.parametrize("pair", [(None, None)], indirect=True, ids=["ours"])
def test_given_a_name_that_moves_and_goes_then_the_other_never_reads_the_former(pair) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    targets = [first.put(number, persist=True) for number in range(2)]
    for turn in range(30):
        first.put_name(targets[turn % 2], "moving")
        assert second.get_name("moving") == targets[turn % 2]
    first.drop_name("moving")
    with pytest.raises(vineyard.ObjectNotExistsException):
        second.get_name("moving")


@pytest.mark.parametrize("pair", [(None, None)], indirect=True, ids=["ours"])
def test_given_objects_of_another_then_they_can_be_named_labelled_copied_and_deleted_at_once(pair) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    named, labelled, copied, deleted = (first.put({"n": number}, persist=True) for number in range(4))
    second.put_name(named, "theirs")
    second.label(labelled, {"owner": "me"})
    copy = second.shallow_copy(copied)
    second.delete(deleted, deep=True)
    assert first.get_name("theirs") == named
    assert first.exists(copy)
    eventually(lambda: not first.exists(deleted), "the deletion is told")
    assert eventually(lambda: "owner" in str(first.get_meta(labelled).meta), "the label is told")


def test_given_an_etcd_that_hangs_then_the_last_known_state_is_answered_and_counted(etcd) -> None:
    port = free_port()
    daemon = Daemon(flags=etcd.flags("hanging") + ["--metrics_port", str(port)]).start()

    def unheard():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("vineyard_metadata_unheard_total "))

    try:
        client = vineyard.connect(daemon.socket)
        target = client.put(np.ones(3), persist=True, name="known")
        assert client.get_name("known") == target and unheard() == 0
        with etcd.hung():
            assert client.get_name("known") == target
            with pytest.raises(vineyard.ObjectNotExistsException):
                client.get_name("unknown")
            local = client.put(np.ones(4))
            np.testing.assert_array_equal(client.get(local), np.ones(4))
            assert unheard() == 2
        assert eventually(lambda: client.get_name("known") == target, "etcd is asked again")
        before = unheard()
        assert client.get_name("known") == target and unheard() == before
    finally:
        daemon.discard()


def test_given_a_gap_in_the_history_then_everything_is_read_again(etcd) -> None:
    flags = etcd.flags("gap")
    first, second = Daemon(flags=flags).start(), Daemon(flags=flags).start()
    try:
        one, other = (vineyard.connect(daemon.socket) for daemon in (first, second))
        kept, gone = (one.put(number, persist=True, name=f"n{number}") for number in range(2))
        assert other.exists(kept) and other.exists(gone)
        subprocess.run(["kill", "-STOP", str(second.pid)], check=True)
        # Its connection breaks before anything happens.
        etcd.kill()
        etcd.start()
        one.delete(gone)
        new = one.put(2, persist=True, name="n2")
        etcdctl(etcd, "compact", str(etcdctl(etcd, "get", "x", "-w", "json")["header"]["revision"]))
        subprocess.run(["kill", "-CONT", str(second.pid)], check=True)
        assert eventually(lambda: "is read again" in second.stderr, "the gap is noticed")
        names = eventually(lambda: (found := other.list_names("*")) and "n2" in found and found, "what is new is told")
        assert names == {"n0": kept, "n2": new} and not other.exists(gone)
        assert set(one.list_names("*")) == {"n0", "n2"} and one.exists(kept)
    finally:
        first.discard()
        second.discard()
