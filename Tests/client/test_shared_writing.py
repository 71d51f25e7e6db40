"""What is changed in one store is in etcd when the reply leaves, as a whole or not at all."""

import numpy as np
import pytest
import vineyard

from daemon import Daemon
from sharing import COMBINATIONS, RELEASED, keys
from waiting import eventually


@pytest.fixture
def prefix(request):
    return f"writing{id(request)}"


@pytest.fixture
def pair(etcd, prefix, request):
    """Two daemons; the parameter says which of them are the released one."""
    started = []
    try:
        for command in getattr(request, "param", (None, None)):
            timeout = ["--meta_timeout", "3"] if command is None else []
            started.append(Daemon(command=command, flags=etcd.flags(prefix) + timeout).start())
        yield started
    finally:
        for daemon in started:
            daemon.discard()


BOTH = pytest.mark.parametrize("pair", COMBINATIONS, indirect=True, ids=["ours", "released"])


@BOTH
def test_given_a_store_that_is_cleared_then_nothing_of_it_is_left_for_others(pair, etcd, prefix) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    ours = [first.put({"a": 1, "b": np.ones(3)}, persist=True, name=f"n{number}") for number in range(5)]
    theirs = second.put(np.ones(2), persist=True)
    assert eventually(lambda: all(second.exists(target) for target in ours), "the others see it")
    first.clear()
    assert not keys(etcd, prefix)
    eventually(lambda: not any(second.exists(target) for target in [*ours, theirs]), "it is gone for others")
    again = first.put(np.ones(4), persist=True, name="n0")
    assert eventually(lambda: second.exists(again), "what comes after that is seen")


@BOTH
def test_given_labels_and_names_then_they_are_written_and_go_with_their_object(pair, etcd, prefix) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    target = first.put(np.ones(3))
    first.label(target, {"made": "before"})
    first.persist(target)
    first.label(target, {"given": "after"})
    first.put_name(target, "one")
    first.put_name(target, "two")
    assert eventually(lambda: "after" in str(second.get_meta(target).meta), "labels are seen")
    assert "before" in str(second.get_meta(target).meta)
    first.drop_name("two")
    assert any(key.endswith("names/one") for key in keys(etcd, prefix))
    assert not any(key.endswith("names/two") for key in keys(etcd, prefix))
    copy = first.shallow_copy(target)
    first.delete(target)
    left = keys(etcd, prefix)
    assert f"{prefix}/S0000000000000000/data/{copy!r}" in left and not any(repr(target) in key for key in left)
    assert not any("/names/" in key for key in left) and not any("/signatures/" in key for key in left)
    first.delete(copy, deep=True)
    assert not keys(etcd, prefix)


@pytest.mark.parametrize("pair", [*COMBINATIONS, (RELEASED, None)], indirect=True, ids=["ours", "to 0.24", "from 0.24"])
def test_given_an_object_larger_than_etcd_takes_then_others_read_it_as_a_whole(pair, etcd, prefix) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    member = first.put(np.arange(10))
    meta = vineyard.ObjectMeta()
    meta["typename"] = "vineyard::Wide"
    released = pair[0].command == RELEASED
    # The released daemon cannot write more than etcd takes.
    count, text = (10, "x" * 100) if released else (400, "x" * 8000)
    for index in range(count):
        meta[f"field_{index}"] = f"{index}/~{text}"
    meta.add_member("member_", member)
    wide = first.create_metadata(meta).id
    first.persist(wide)
    first.put_name(wide, "wide")
    assert eventually(lambda: second.exists(wide), "it is there")
    read = second.get_meta(wide)
    assert read.typename == "vineyard::Wide" and read["member_"].id == member
    assert all(read[f"field_{index}"] == f"{index}/~{text}" for index in range(count))
    if not released:
        written = [key for key in keys(etcd, prefix) if repr(wide) in key]
        assert f"{prefix}/S0000000000000000/data/{wide!r}/typename" in written and len(written) > count
        first.delete(wide, deep=True)
        assert not keys(etcd, prefix)
        eventually(lambda: not second.exists(wide), "it is gone for others")


@pytest.mark.parametrize("pair", [(None, None)], indirect=True, ids=["ours"])
def test_given_no_etcd_then_a_persist_fails_in_time_and_leaves_the_object_as_it_was(pair, etcd, prefix) -> None:
    first, second = (vineyard.connect(daemon.socket) for daemon in pair)
    target, other = first.put(np.ones(3)), first.put(np.ones(3), persist=True, name="before")
    with etcd.hung():
        with pytest.raises(Exception, match="metadata cannot be written"):
            first.persist(target)
        assert first.get_meta(target)["transient"]
        with pytest.raises(Exception, match="metadata cannot be written"):
            first.put_name(other, "after")
        np.testing.assert_array_equal(first.get(first.put(np.arange(5))), np.arange(5))
    # What was sent may have been written, and is taken back.
    eventually(lambda: first.list_names("*") == second.list_names("*") == {"before": other}, "both agree")
    eventually(lambda: not any(repr(target) in key or "after" in key for key in keys(etcd, prefix)), "it is taken back")
    assert not second.exists(target)
    first.persist(target)
    first.put_name(target, "after")
    assert second.get_name("after") == target
