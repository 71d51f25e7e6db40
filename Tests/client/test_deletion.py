"""Deletion follows the dependency graph: blob B <- object A <- objects C and D."""

from dataclasses import dataclass

import numpy as np
import pytest
import vineyard
from vineyard import ObjectMeta


@dataclass
class Family:
    """B is a member of A; A is a member of C and of D."""

    B: vineyard.ObjectID
    A: vineyard.ObjectID
    C: vineyard.ObjectID
    D: vineyard.ObjectID

    def survivors(self, client):
        return "".join(name for name in "BACD" if client.exists(getattr(self, name)))


def parent_of(client, child):
    meta = ObjectMeta()
    meta["typename"] = "test::Parent"
    meta.add_member("child", client.get_meta(child))
    return client.create_metadata(meta).id


@pytest.fixture(params=["transient", "persisted"])
def family(client, request):
    blob = client.put(b"payload")
    middle = parent_of(client, blob)
    family = Family(blob, middle, parent_of(client, middle), parent_of(client, middle))
    if request.param == "persisted":
        client.persist(family.C)
        client.persist(family.D)
    assert family.survivors(client) == "BACD"
    return family


def test_given_a_family_when_a_parent_is_deleted_deep_then_the_shared_child_survives(client, family):
    client.delete(family.C, deep=True)
    assert family.survivors(client) == "BAD"
    client.delete(family.D, deep=True)
    assert family.survivors(client) == ""
    assert client.status.memory_usage == 0


def test_given_a_family_when_the_child_in_use_is_deleted_then_all_stay(client, family):
    client.delete(family.A)
    assert family.survivors(client) == "BACD"


def test_given_a_family_when_the_child_is_forced_then_its_parents_go_too(client, family):
    client.delete(family.A, force=True)
    assert family.survivors(client) == ""
    assert client.status.memory_usage == 0


def test_given_a_family_when_the_blob_is_forced_then_everything_above_goes(client, family):
    client.delete(family.B, force=True)
    assert family.survivors(client) == ""


def test_given_a_family_when_the_blob_in_use_is_deleted_then_all_stay(client, family):
    client.delete(family.B)
    assert family.survivors(client) == "BACD"


def test_given_a_family_when_a_parent_is_forced_shallow_then_only_it_goes(client, family):
    client.delete(family.C, force=True, deep=False)
    assert family.survivors(client) == "BAD"


def test_given_a_family_when_all_objects_are_deleted_shallow_then_the_blob_goes_with_them(client, family):
    client.delete([family.A, family.C, family.D], deep=False)
    assert family.survivors(client) == ""


def test_given_a_family_when_both_parents_are_deleted_shallow_then_the_child_stays(client, family):
    client.delete([family.C, family.D], deep=False)
    assert family.survivors(client) == "BA"
    client.delete(family.A, deep=False)
    assert family.survivors(client) == ""


def test_given_child_before_parents_in_one_request_when_deleted_then_all_go(client, family):
    client.delete([family.A, family.D, family.C])
    assert family.survivors(client) == ""


def test_given_unknown_ids_when_deleted_then_nothing_happens(client, family):
    client.delete([vineyard.ObjectID(0x55), vineyard.ObjectID((1 << 63) | 5), vineyard.ObjectID(1 << 63)])
    assert family.survivors(client) == "BACD"


def test_given_a_deleted_object_when_deleted_again_then_nothing_happens(client, family):
    client.delete(family.A, force=True)
    client.delete(family.A, force=True)
    assert family.survivors(client) == ""


def test_given_an_object_when_deleted_from_another_process_then_it_is_gone_here(client, peer, family):
    peer.run("client.delete(vineyard.ObjectID(ident), force=True)", ident=int(family.A))
    assert family.survivors(client) == ""


def test_given_an_array_from_the_store_when_put_again_then_it_shares_the_blob(client):
    first = client.put(np.arange(1000))
    used = client.status.memory_usage
    second = client.put(client.get(first))
    assert client.get_meta(first)["buffer_"].id == client.get_meta(second)["buffer_"].id
    assert client.status.memory_usage == used


def test_given_two_objects_on_one_blob_when_one_is_deleted_then_the_other_is_intact(client):
    first = client.put(np.arange(1000))
    second = client.put(client.get(first))
    client.delete(first)
    client.put(np.zeros(1000, "int64"))
    np.testing.assert_array_equal(client.get(second), np.arange(1000))


def test_given_two_objects_on_one_blob_when_both_are_deleted_then_the_bytes_are_free(client):
    first = client.put(np.arange(1000))
    second = client.put(client.get(first))
    client.delete(second)
    client.delete(first)
    assert client.status.memory_usage == 0


def test_given_an_unsealed_blob_when_deleted_then_its_bytes_are_free(client):
    builder = client.create_blob(1000)
    assert client.status.memory_usage == 1000
    client.delete(builder.id)
    assert client.status.memory_usage == 0


def test_given_a_deep_chain_when_its_head_is_deleted_then_the_whole_chain_goes(client):
    ident = client.put(b"end of the chain")
    for _ in range(50):
        ident = parent_of(client, ident)
    client.delete(ident)
    assert client.status.memory_usage == 0
    assert client.list_metadatas("*") == []


def test_given_a_store_full_of_things_when_cleared_then_nothing_is_left(client, family):
    client.put((1, np.arange(10), {"k": "v"}))
    client.create_blob(10)
    client.clear()
    assert family.survivors(client) == ""
    assert client.status.memory_usage == 0
    assert client.list_metadatas("*", limit=100) == []
    np.testing.assert_array_equal(client.get(client.put(np.arange(3))), np.arange(3))


def test_given_memory_trim_when_an_object_is_deleted_then_later_objects_are_intact(client):
    kept = client.put(np.arange(500_000))
    client.delete(client.put(np.ones(500_000)), memory_trim=True)
    again = client.put(np.full(500_000, 7))
    np.testing.assert_array_equal(client.get(kept), np.arange(500_000))
    np.testing.assert_array_equal(client.get(again), np.full(500_000, 7))
