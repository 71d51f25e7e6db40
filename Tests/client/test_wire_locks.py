"""Locks: the original refuses them without etcd; ours are local, exclusive and die with their holder."""

import pytest

from waiting import eventually

pytestmark = pytest.mark.beyond_original


@pytest.fixture
def holder(store, client):
    with store.wire() as connection:
        yield connection


def acquire(connection, key):
    """Takes a lock and returns the key to release it with."""
    return granted(connection.ask("acquire_lock_request", key=key))


def granted(reply):
    assert set(reply) == {"type", "result", "key"}
    assert reply["type"] == "acquire_lock_reply"
    assert reply["result"] is True
    assert isinstance(reply["key"], str) and reply["key"]
    return reply["key"]


def release(connection, key):
    assert connection.ask("release_lock_request", key=key) == {"type": "release_lock_reply", "result": True}


def settle(connection):
    """A round trip, so that what was sent before on other connections has arrived."""
    connection.ask("exists_request", id=1)


def test_given_a_free_lock_when_acquired_then_it_is_granted_and_can_be_released(wire):
    release(wire, acquire(wire, "table"))
    release(wire, acquire(wire, "table"))


def test_given_an_unknown_key_when_released_then_it_is_answered(wire):
    release(wire, "nobody/holds/this")


def test_given_a_held_lock_when_another_wants_it_then_it_waits_until_the_release(wire, holder):
    key = acquire(holder, "table")
    wire.send("acquire_lock_request", key="table")
    settle(holder)
    assert wire.is_quiet()
    release(holder, key)
    release(wire, granted(wire.receive()))


def test_given_a_held_lock_when_its_holder_disconnects_then_the_next_gets_it(wire, holder):
    acquire(holder, "table")
    wire.send("acquire_lock_request", key="table")
    settle(holder)
    assert wire.is_quiet()
    holder.close()
    release(wire, granted(wire.receive()))


def test_given_different_keys_when_acquired_then_they_do_not_meet(wire, holder):
    first, second = acquire(holder, "a"), acquire(wire, "b")
    release(holder, first)
    release(wire, second)


def test_given_several_waiters_when_the_lock_is_passed_on_then_one_at_a_time_holds_it(store, holder):
    key = acquire(holder, "table")
    waiters = [store.wire() for _ in range(5)]
    for waiter in waiters:
        waiter.send("acquire_lock_request", key="table")
    settle(holder)
    release(holder, key)
    for _ in range(5):
        eventually(lambda: any(not waiter.is_quiet() for waiter in waiters), "a waiter is granted the lock")
        [owner] = [waiter for waiter in waiters if not waiter.is_quiet()]
        key = granted(owner.receive())
        settle(holder)
        assert all(waiter.is_quiet() for waiter in waiters)
        release(owner, key)
        waiters.remove(owner)
        owner.close()


def test_given_a_waiter_that_gives_up_when_the_lock_is_released_then_the_next_waiter_gets_it(store, wire, holder):
    key = acquire(holder, "table")
    with store.wire() as impatient:
        impatient.send("acquire_lock_request", key="table")
        settle(holder)
    wire.send("acquire_lock_request", key="table")
    settle(holder)
    release(holder, key)
    release(wire, granted(wire.receive()))
