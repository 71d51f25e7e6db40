"""Several stores share one etcd: ours with ours, and ours with the released daemon."""

import numpy as np
import pytest
import vineyard

from daemon import Daemon
from sharing import RELEASED
from waiting import eventually


@pytest.fixture
def daemons(etcd, request):
    """Two daemons with a prefix of their own; the parameter says which of them are the released one."""
    started = []
    try:
        for index, command in enumerate(getattr(request, "param", (None, None))):
            started.append(Daemon(command=command, flags=etcd.flags(f"test{id(request)}")).start())
            assert vineyard.connect(started[-1].socket).instance_id == index
        yield started
    finally:
        for daemon in started:
            daemon.discard()


COMBINATIONS = pytest.mark.parametrize(
    "daemons",
    [(None, None), (None, RELEASED), (RELEASED, None)],
    indirect=True,
    ids=["ours and ours", "ours and released", "released and ours"],
)


@COMBINATIONS
def test_given_a_named_object_on_one_then_the_other_reads_it(daemons) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in daemons)
    array = np.arange(1000)
    target = first.put(array, persist=True, name="a/b~c")
    assert eventually(lambda: second.exists(target), "the object is on the other")
    assert eventually(lambda: second.list_names("a*") or None, "the name is on the other")
    assert second.get_name("a/b~c") == target
    meta = second.get_meta(target)
    # Ours has fetched it, the released daemon leaves that to the client.
    place = first if daemons[1].command == RELEASED else second
    assert meta.instance_id == place.instance_id and not meta["transient"]
    assert meta.typename == first.get_meta(target).typename
    np.testing.assert_array_equal(second.get(name="a/b~c"), array)
    assert set(second.meta) == {0, 1} or len(second.meta) == 2


@COMBINATIONS
def test_given_both_ways_then_each_sees_what_the_other_persists_and_nothing_else(daemons) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in daemons)
    for one, other in [(first, second), (second, first)]:
        hidden = one.put({"a": 1})
        shown = one.put({"a": 1, "b": "text"}, persist=True)
        eventually(lambda: other.exists(shown), "what is persistent is on the other")
        assert not other.exists(hidden)
        one.delete(shown, deep=True)
        eventually(lambda: not other.exists(shown), "what is deleted is gone on the other")


def test_given_a_daemon_that_comes_later_then_it_finds_what_was_there(etcd) -> None:
    flags = etcd.flags("later")
    earlier = Daemon(flags=flags).start()
    try:
        client = vineyard.connect(earlier.socket)
        target = client.put(np.ones(3), persist=True, name="early")
        later = Daemon(flags=flags).start()
        try:
            other = vineyard.connect(later.socket)
            assert other.get_name("early") == target
            np.testing.assert_array_equal(other.get(target), np.ones(3))
        finally:
            later.discard()
    finally:
        earlier.discard()
