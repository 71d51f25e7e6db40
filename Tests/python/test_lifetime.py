"""How long bytes that were read stay as they are, and when the store gets their room back."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import vineyard

MEGABYTE = 1 << 20
# More than half of the store of these tests: two of them do not fit.
LARGE = 20 * MEGABYTE


@pytest.fixture
def full_size(start_daemon):
    """A store with room for one large array."""
    return start_daemon(size="32M", rpc=False)


def array_of(value, size=LARGE):
    return np.full(size, value, np.uint8)


def fits(client, value):
    """Whether the store has room for another large array; it is deleted again."""
    try:
        target = client.put(array_of(value))
    except vineyard.NotEnoughMemoryException:
        return False
    client.delete(target)
    return True


def test_given_a_view_when_its_object_is_deleted_then_nobody_writes_there(full_size):
    with vineyard.connect(full_size.socket) as client, vineyard.connect(full_size.socket) as other:
        target = client.put(array_of(1))
        view = client.get(target)
        other.delete(target)
        fits(other, 2)
        assert (view == 1).all()
        client.clear()
        fits(client, 3)
        assert (view == 1).all()


def test_given_a_deleted_object_when_the_last_view_of_it_goes_then_there_is_room(full_size):
    with vineyard.connect(full_size.socket) as client:
        target = client.put(array_of(1))
        view = client.get(target)
        part = view[5:10].reshape(5, 1)
        client.delete(target)
        del view
        assert not fits(client, 2)
        assert part.ravel().tolist() == [1] * 5
        del part
        gc.collect()
        assert fits(client, 2)


@pytest.mark.parametrize(
    "look",
    [memoryview, lambda view: view.view("u4"), lambda view: __import__("pyarrow").py_buffer(view)],
    ids=["memoryview", "other dtype", "arrow buffer"],
)
def test_given_a_view_of_a_view_when_the_first_one_goes_then_the_bytes_stay(full_size, look):
    with vineyard.connect(full_size.socket) as client:
        target = client.put(array_of(7))
        second = look(client.get(target))
        client.delete(target)
        gc.collect()
        assert not fits(client, 2)
        assert set(bytes(memoryview(second).cast("B")[:100])) == {7}
        del second
        gc.collect()
        assert fits(client, 2)


def test_given_a_large_buffer_in_a_pickle_when_read_then_it_is_a_view_that_keeps_its_bytes(full_size):
    with vineyard.connect(full_size.socket) as client:
        target = client.put({"weights": array_of(5)})
        weights = client.get(target)["weights"]
        assert not weights.flags.writeable and not weights.flags.owndata
        client.delete(target)
        assert not fits(client, 2)
        assert (weights == 5).all()
        del weights
        gc.collect()
        assert fits(client, 2)


def test_given_views_when_their_client_is_closed_then_they_stay_until_they_are_dropped(full_size):
    with vineyard.connect(full_size.socket) as other:
        client = vineyard.connect(full_size.socket)
        target = client.put(array_of(1))
        view = client.get(target)
        client.close()
        with pytest.raises(vineyard.ConnectionErrorException, match="closed"):
            client.exists(target)
        other.delete(target)
        assert not fits(other, 2)
        assert (view == 1).all()
        del view
        gc.collect()
        assert fits(other, 2)


def test_given_a_view_when_nobody_has_its_client_any_more_then_it_stays_until_it_is_dropped(full_size):
    with vineyard.connect(full_size.socket) as other:
        target = other.put(array_of(1))
        view = vineyard.connect(full_size.socket).get(target)[::2]
        gc.collect()
        other.delete(target)
        assert not fits(other, 2)
        assert (view == 1).all()
        del view
        gc.collect()
        assert fits(other, 2)


def test_given_a_read_array_when_written_to_then_it_is_refused(client):
    view = client.get(client.put(np.arange(10)))
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    with pytest.raises(ValueError):
        view.flags.writeable = True


def test_given_a_read_array_when_put_again_then_no_byte_is_copied(client, memory_usage):
    target = client.put(np.arange(1000))
    before = memory_usage()
    view = client.get(target)
    second = client.put(view)
    assert memory_usage() == before
    client.delete(target)
    np.testing.assert_array_equal(client.get(second), np.arange(1000))


def test_given_a_frame_of_numbers_when_read_then_it_is_one_array_that_keeps_the_bytes_of_all_columns(full_size):
    with vineyard.connect(full_size.socket) as client:
        for rows in (1, 37, 300_000):
            frame = pd.DataFrame(np.arange(rows * 5).reshape(5, rows).T, columns=list("abcde"))
            target = client.put(frame)
            read = client.get(target)
            numbers, column = read.to_numpy(), read["d"]
            assert np.shares_memory(numbers, column.to_numpy()) and not numbers.flags.writeable
            client.delete(target)
            del read, numbers
            gc.collect()
            fits(client, 7)
            assert column.equals(frame["d"])
            del column


def test_given_columns_that_cannot_be_one_array_when_read_then_each_is_a_view_of_its_own(client):
    numbers = pd.DataFrame({"a": np.arange(40), "b": np.arange(40.0), "c": np.arange(40)})
    apart = client.put(np.zeros(5))
    for frame in (numbers, numbers[["a"]], numbers[["a", "c"]].iloc[:0]):
        read = client.get(client.put(frame))
        pd.testing.assert_frame_equal(read, frame)
    assert client.get(apart).sum() == 0


def test_given_a_frame_that_was_read_when_put_again_then_no_byte_is_copied(client, memory_usage):
    frame = pd.DataFrame(np.arange(4000).reshape(-1, 4))
    read = client.get(client.put(frame))
    before = memory_usage()
    again = client.put(read)
    assert memory_usage() - before < frame.memory_usage(index=False).sum()
    assert client.get(again).equals(frame)


def test_given_a_view_of_a_deleted_object_when_put_again_then_it_is_copied(client):
    target = client.put(np.arange(1000))
    view = client.get(target)
    client.delete(target)
    np.testing.assert_array_equal(client.get(client.put(view)), np.arange(1000))


def in_child(function):
    """Run a function in a forked child: its exit status is 0 when it returned true."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return child


def status_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_given_a_view_when_the_process_forks_then_the_parent_does_not_release_what_the_child_sees(full_size):
    client = vineyard.connect(full_size.socket)
    other = vineyard.connect(full_size.socket)
    target = client.put(array_of(1))
    view = client.get(target)
    begin_read, begin_write = os.pipe()

    held = [view]

    def look():
        os.read(begin_read, 1)
        return (held[0] == 1).all()

    child = in_child(look)
    held.clear()
    del view
    gc.collect()
    client.delete(target)
    assert not fits(other, 2)
    os.write(begin_write, b"x")
    assert status_of(child) == 0
    os.close(begin_read)
    os.close(begin_write)
    assert fits(other, 2)
    client.close()
    other.close()


def test_given_a_client_when_the_process_forks_then_parent_and_child_both_use_it(store, client):
    target = client.put(np.arange(100))
    view = client.get(target)

    def work():
        ours = client.put(np.arange(5))
        return client.get(ours).tolist() == [0, 1, 2, 3, 4] and client.get(target).sum() == 4950 and view.sum() == 4950

    children = [in_child(work) for _ in range(3)]
    for _ in range(20):
        assert client.get(client.put(np.arange(7))).sum() == 21
    assert [status_of(child) for child in children] == [0, 0, 0]
    assert client.get(target).sum() == view.sum()


def test_given_a_process_that_is_killed_while_it_writes_and_reads_then_nothing_of_it_stays(full_size):
    program = """
import os, sys, signal, numpy as np, vineyard
client = vineyard.connect(sys.argv[1])
target = client.put(np.ones(1 << 20, np.uint8)); view = client.get(target); client.delete(target)
builder = client.create_blob(1 << 20); builder[0] = 1
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program, full_size.socket], env=environment, check=False)
    assert done.returncode == -9
    with vineyard.connect(full_size.socket) as client:
        from waiting import eventually

        eventually(lambda: client.status.memory_usage == 0, "the killed process left nothing")
        assert fits(client, 1)


def test_given_threads_that_share_a_client_then_each_gets_what_it_put(client):
    failures = []

    def work(number):
        try:
            for step in range(40):
                value = np.full(300 + number, number * 1000 + step)
                view = client.get(client.put(value, persist=True, name=f"/{number}"))
                assert (view == value).all()
                assert (client.get(name=f"/{number}") == value).all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_given_a_thread_that_waits_for_a_name_when_another_gives_it_then_the_first_goes_on(client):
    found = []
    waiter = threading.Thread(target=lambda: found.append(client.get_name("/later", wait=True)))
    waiter.start()
    target = client.put(1, persist=True, name="/later")
    waiter.join(timeout=60)
    assert found == [target]


def test_given_a_store_that_was_restarted_when_asked_then_the_client_connects_again(start_daemon):
    daemon = start_daemon(rpc=False)
    client = vineyard.connect(daemon.socket)
    view = client.get(client.put(np.arange(10)))
    daemon.kill()
    daemon.start()
    assert client.get(client.put("again")) == "again"
    assert view.tolist() == list(range(10))
    client.close()


def claimed(client, blobs):
    """Those of the blobs that some connection was given."""
    replies = client._exchange([{"type": "is_in_use_request", "id": blob} for blob in blobs])
    return {blob for blob, reply in zip(blobs, replies) if reply["is_in_use"]}


@pytest.mark.parametrize("knows_more", [True, False])
def test_given_small_views_when_dropped_then_they_are_released_with_the_next_request(client, knows_more):
    import pandas as pd
    from vineyard.wire.metadata import blobs_of

    with vineyard.connect(client.ipc_socket) as writer:
        frame = pd.DataFrame({str(number): np.full(100, number) for number in range(600)})
        targets = [writer.put(np.full(1000, number)) for number in range(20)] + [writer.put(frame)]
        trees = [writer.get_meta(target).tree for target in targets]
    blobs = [{blob for found in blobs_of(tree).values() for blob in found} for tree in trees]
    everything = set().union(*blobs)
    with vineyard.connect(client.ipc_socket) as reader:
        if not knows_more:
            reader.ipc_client._connection.extensions = frozenset()
        views = [reader.get(target) for target in targets]
        assert claimed(client.ipc_client, everything) == everything and len(everything) == 621
        del views[3:]
        gc.collect()
        reader.exists(targets[0])
        assert claimed(client.ipc_client, everything) == set().union(*blobs[:3])
        assert all((view == number).all() for number, view in enumerate(views))


def test_given_values_of_one_size_when_put_then_at_most_one_blob_is_kept_ready(client, memory_usage):
    before = memory_usage()
    targets = [client.put(np.full(1024, number)) for number in range(4)]
    assert memory_usage() - before in (4 * 8192, 5 * 8192)
    client.delete(targets)
    client.delete(client.put(np.zeros(16)))
    assert memory_usage() <= before


def test_given_values_of_one_size_when_somebody_clears_the_store_then_the_next_one_is_put_all_the_same(client):
    for number in range(4):
        client.put(np.full(1024, number))
    with vineyard.connect(client.ipc_socket) as other:
        other.clear()
        theirs = other.put(np.full(1024, 7))
        mine = client.put(np.full(1024, 8))
        assert (other.get(mine) == 8).all() and (other.get(theirs) == 7).all()
        client.put(np.full(1024, 9))
        client.clear()
        assert (client.get(client.put(np.full(1024, 10))) == 10).all()


def test_given_copies_of_which_one_fails_when_run_then_none_goes_on_afterwards():
    from vineyard.wire import copying

    target = np.zeros(64 * MEGABYTE, np.uint8)
    begun = threading.Event()

    class Slow:
        target = source = None

        def __call__(self, note):
            begun.set()
            for begin in range(0, len(target), MEGABYTE):
                target[begin : begin + MEGABYTE] = 1
                note(MEGABYTE)

    def fail(note):
        begun.wait(10)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.run([fail, Slow()], 2 * len(target))
    after = int(target.sum())
    threading.Event().wait(0.05)
    assert int(target.sum()) == after
