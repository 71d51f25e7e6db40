"""Dozens of processes at the same time, each verifying what it reads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from daemon import end_with_parent
from waiting import eventually

PROCESSES = 64
CROWD = Path(__file__).with_name("crowd.py")


@pytest.fixture(scope="module")
def store_options():
    return {"size": "512M"}


def start_crowd(store, work, count, rounds):
    return subprocess.Popen(
        [sys.executable, str(CROWD), store.socket, work, str(count), str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_parent,
    )


def failures_of(crowd):
    out, _ = crowd.communicate(timeout=200)
    return json.loads(out)["failures"]


def test_given_64_processes_when_all_put_get_and_delete_then_every_value_is_right_and_nothing_remains(store, client):
    assert failures_of(start_crowd(store, "put_get_delete", PROCESSES, 10)) == []
    assert client.status.memory_usage == 0
    assert client.list_metadatas("*", limit=1000) == []
    assert client.list_names("*", limit=1000) == {}
    eventually(lambda: client.status.ipc_connections == 1, "only this connection is left")


def test_given_64_processes_when_each_leaves_results_then_all_of_them_are_readable(store, client):
    assert failures_of(start_crowd(store, "leave_results", PROCESSES, 3)) == []
    names = client.list_names("result/*", limit=10_000)
    assert len(names) == len(set(map(int, names.values()))) == PROCESSES * 3
    for worker in range(PROCESSES):
        for number in range(3):
            got = client.get(name=f"result/{worker}/{number}")
            np.testing.assert_array_equal(got, np.full(1000 + worker, number))


def test_given_a_writer_that_repoints_a_name_when_16_processes_read_then_each_read_is_a_whole_value(store, client):
    client.put(np.full(10_000, 0), persist=True, name="shared")
    crowd = start_crowd(store, "read_the_shared", 16, 50)
    value = 0
    while crowd.poll() is None and value < 2000:
        value += 1
        client.put(np.full(10_000, value), persist=True, name="shared")
    assert failures_of(crowd) == []
    assert int(client.get(name="shared")[0]) == value > 0
