"""Many processes at once: forks `count` workers, lets them start together, reports those that failed.

usage: crowd.py SOCKET WORK COUNT ROUNDS

The module is imported once; each worker connects after the fork, so that no
connection is shared. Prints {"failures": [...]} as JSON.
"""

import json
import os
import sys
import traceback

import numpy as np
import vineyard


def put_get_delete(client, worker, rounds):
    """Values of random size, verified bit for bit, then deleted."""
    random = np.random.default_rng(worker)
    for number in range(rounds):
        array = random.integers(0, 256, int(random.integers(1, 300_000)), dtype="uint8")
        name = f"worker {worker}/round {number}"
        ident = client.put(array, persist=True, name=name)
        assert client.get_name(name) == ident
        np.testing.assert_array_equal(client.get(ident), array)
        mapping = {"worker": worker, "round": number, "data": list(range(number))}
        other = client.put(mapping)
        assert client.get(other) == mapping
        client.drop_name(name)
        client.delete([ident, other])
        assert not client.exists(ident)


def leave_results(client, worker, rounds):
    """Named objects that stay."""
    for number in range(rounds):
        client.put(np.full(1000 + worker, number), persist=True, name=f"result/{worker}/{number}")


def read_the_shared(client, worker, rounds):
    """One name that another process keeps re-pointing: every read is a whole value."""
    for _ in range(rounds):
        array = client.get(name="shared")
        assert len(array) == 10_000 and (array == array[0]).all()


WORK = {work.__name__: work for work in (put_get_delete, leave_results, read_the_shared)}


def worker_main(socket, work, worker, rounds, gate, failures):
    try:
        os.read(gate, 1)
        client = vineyard.connect(socket)
        client.timeout_seconds = 120
        work(client, worker, rounds)
        client.close()
    except BaseException:
        os.write(failures, (json.dumps(f"worker {worker}: {traceback.format_exc()[-1500:]}") + "\n").encode())
        os._exit(1)
    os._exit(0)


def main(socket, work, count, rounds):
    gate, open_gate = os.pipe()
    failures, report = os.pipe()
    children = []
    for worker in range(count):
        child = os.fork()
        if child == 0:
            os.close(open_gate)
            worker_main(socket, WORK[work], worker, rounds, gate, report)
        children.append(child)
    os.close(report)
    os.close(open_gate)
    with os.fdopen(failures) as lines:
        told = [json.loads(line) for line in lines]
    statuses = [os.waitpid(child, 0)[1] for child in children]
    told += [f"worker {worker} ended with {status}" for worker, status in enumerate(statuses) if status > 256]
    print(json.dumps({"failures": told}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
