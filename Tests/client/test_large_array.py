"""An array beyond 2 GiB: no size, offset or mapping length is 32 bits wide."""

import numpy as np
import pytest

GIB = 1 << 30
LENGTH = 2 * GIB + GIB // 8 + 1


@pytest.fixture(scope="module")
def store_options():
    return {"size": "3G"}


def test_given_an_array_of_more_than_2_gib_when_read_by_another_process_then_both_ends_are_right(client, peer):
    array = np.zeros(LENGTH, dtype="uint8")
    marks = [0, GIB, 2 * GIB - 1, 2 * GIB, LENGTH - 1]
    array[marks] = [1, 2, 3, 4, 5]
    ident = client.put(array)
    del array

    assert client.status.memory_usage == LENGTH
    shape, values = peer.run(
        """
        array = client.get(vineyard.ObjectID(ident))
        [list(array.shape), array[marks].tolist()]
        """,
        ident=int(ident),
        marks=marks,
    )
    assert (shape, values) == ([LENGTH], [1, 2, 3, 4, 5])
    client.delete(ident)
    assert client.status.memory_usage == 0
