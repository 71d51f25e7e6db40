"""Both directions with the released client, for every type that both know, and the bytes in the store."""

import pytest
import vineyard

from values import assert_same, make_values

VALUES = make_values()


@pytest.mark.parametrize("name", VALUES)
def test_given_a_value_of_the_released_client_when_read_then_it_is_the_same(client, released, name):
    assert_same(client.get(released.ask("put", name)), VALUES[name])


# The released client makes something else of these, also of its own.
MISREAD = {"frame with durations", "sparse frame", "series of instants"}


@pytest.mark.parametrize("name", [name for name in VALUES if name not in MISREAD])
def test_given_a_value_of_ours_when_the_released_client_reads_it_then_it_is_the_same(client, released, name):
    released.ask("check", name, repr(client.put(VALUES[name])))


# Texts that name fields which only this package reads.
OURS = "vineyardctl_"


def without_ours(tree):
    if not isinstance(tree, dict):
        return tree
    return {key: without_ours(value) for key, value in tree.items() if not key.startswith(OURS)}


# Pickles have the same contents and other instructions: with their large buffers in place, without frames.
OTHER_BYTES = {"large array in a dict", "large read-only array in a list of dicts"}


@pytest.mark.parametrize("name", [name for name in VALUES if name not in OTHER_BYTES])
def test_given_a_value_when_both_clients_store_it_then_metadata_and_bytes_are_the_same(client, released, name):
    theirs = released.ask("describe", None, released.ask("put", name))
    ours = released.ask("describe", None, repr(client.put(VALUES[name])))
    assert without_ours(ours) == theirs


@pytest.mark.parametrize("name", ["frame", "dict", "array of float64", "tuple", "frame with texts"])
def test_given_a_path_when_one_client_writes_then_the_other_reads(store, released, name):
    path = f"{store.directory}/steps/{name}"
    vineyard.csi.write(VALUES[name], path)
    released.ask("read", name, path)
    released.ask("write", name, path + "/theirs")
    assert_same(vineyard.csi.read(path + "/theirs"), VALUES[name])
