"""Metadata objects: persist, exists, labels, lists, copies."""

import numpy as np
import pytest
import vineyard
from vineyard import ObjectMeta


def tagged(client, typename="test::Thing", **fields):
    meta = ObjectMeta()
    meta["typename"] = typename
    for key, value in fields.items():
        meta[key] = value
    return client.create_metadata(meta).id


def typenames(entries):
    return [entry.typename for entry in entries]


def test_given_metadata_of_every_primitive_when_read_then_the_values_are_equal(client):
    ident = tagged(client, text="s", number=7, big=2**62 + 1, yes=True, nothing="")
    meta = client.get_meta(ident)
    assert (meta["text"], meta["number"], meta["big"], meta["yes"], meta["nothing"]) == ("s", 7, 2**62 + 1, True, "")
    assert meta.typename == "test::Thing"
    assert meta.id == ident
    assert meta.instance_id == client.instance_id
    assert not meta.isglobal
    assert meta.timestamp > 1_600_000_000_000


def test_given_a_list_of_metadata_when_created_at_once_then_each_is_an_object(client):
    metas = []
    for number in range(4):
        metas.append(ObjectMeta())
        metas[-1]["typename"] = "test::Batch"
        metas[-1]["number"] = number
    created = client.create_metadata(metas)
    assert len({int(meta.id) for meta in created}) == 4
    assert [client.get_meta(meta.id)["number"] for meta in created] == [0, 1, 2, 3]


def test_given_members_when_the_parent_is_read_then_they_are_nested_in_it(client):
    child = tagged(client, "test::Child", value=5)
    parent = ObjectMeta()
    parent["typename"] = "test::Parent"
    parent.add_member("left", client.get_meta(child))
    parent.add_member("right", child)
    got = client.get_meta(client.create_metadata(parent).id)
    assert got["left"].id == got["right"].id == child
    assert got["left"]["value"] == got["right"]["value"] == 5


def test_given_metadata_without_a_typename_when_created_then_it_is_refused(client):
    meta = ObjectMeta()
    meta["anything"] = 1
    with pytest.raises(Exception, match="typename"):
        client.create_metadata(meta)


def test_given_a_new_object_when_asked_then_it_exists_but_does_not_persist(client):
    ident = client.put(np.arange(3))
    assert client.exists(ident)
    assert not client.get_object(ident).ispersist


def test_given_a_persisted_object_when_persisted_again_then_it_stays_persistent(client):
    ident = client.put((1, np.arange(3)))
    client.persist(ident)
    client.persist(ident)
    assert client.get_object(ident).ispersist
    assert client.get_object(ident).member("__elements_-1").ispersist
    assert client.get_meta(ident)["transient"] is False


def test_given_an_unknown_object_when_persisted_then_it_is_refused(client):
    with pytest.raises(vineyard.MetaTreeSubtreeNotExistsException):
        client.persist(vineyard.ObjectID(0x77))


def test_given_a_blob_when_persisted_then_it_is_refused(client):
    with pytest.raises(vineyard.AssertionFailedException):
        client.persist(client.put(b"bytes"))


def test_given_ids_that_are_not_there_when_asked_then_they_do_not_exist(client):
    blob = client.put(b"bytes")
    assert client.exists(blob)
    client.delete(blob)
    assert not client.exists(blob)
    assert not client.exists(vineyard.ObjectID(0x77))
    assert not client.exists(vineyard.ObjectID(1 << 63))


def test_given_labels_when_the_object_is_read_then_it_carries_all_of_them(client):
    ident = client.put(1)
    client.label(ident, "color", "red")
    client.label(ident, {"shape": "round", "size": "large"})
    client.label(ident, "color", "blue")
    meta = client.get_meta(ident)
    assert meta.labels == {"color": "blue", "shape": "round", "size": "large"}
    assert meta.label("shape") == "round"


def test_given_an_unknown_object_when_labelled_then_object_not_exists_is_raised(client):
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.label(vineyard.ObjectID(0x77), "color", "red")


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("test::*", ["test::A", "test::B", "test::C<int>"]),
        ("test::[AB]", ["test::A", "test::B"]),
        ("test::?", ["test::A", "test::B"]),
        ("*<int>", ["test::C<int>"]),
        ("test::A", ["test::A"]),
        ("test", []),
    ],
)
def test_given_a_wildcard_when_metadata_is_listed_then_the_whole_type_name_must_match(client, pattern, expected):
    for typename in ["test::A", "test::B", "test::C<int>"]:
        tagged(client, typename)
    assert sorted(typenames(client.list_metadatas(pattern))) == expected


@pytest.mark.parametrize(
    "pattern, expected",
    [("test::(A|B)", ["test::A", "test::B"]), ("test::.", ["test::A", "test::B"]), ("test", []), ("(broken", [])],
)
def test_given_a_regex_when_metadata_is_listed_then_the_whole_type_name_must_match(client, pattern, expected):
    for typename in ["test::A", "test::B", "test::C<int>"]:
        tagged(client, typename)
    assert sorted(typenames(client.list_metadatas(pattern, regex=True))) == expected


def test_given_more_objects_than_the_limit_when_listed_then_the_oldest_are_told(client):
    idents = [int(tagged(client, "test::Many", number=number)) for number in range(8)]
    told = client.list_metadatas("test::Many")
    assert sorted(int(meta.id) for meta in told) == sorted(idents)[:5]
    assert len(client.list_metadatas("test::Many", limit=3)) == 3
    assert len(client.list_metadatas("test::Many", limit=100)) == 8
    assert client.list_metadatas("test::Many", limit=0) == []


def test_given_blobs_and_objects_when_everything_is_listed_then_sealed_blobs_are_among_them(client):
    client.put(np.arange(10))
    unsealed = client.create_blob(10)
    everything = client.list_metadatas("*", limit=100)
    assert sorted(typenames(everything)) == ["vineyard::Blob", "vineyard::Tensor<int64>"]
    assert int(unsealed.id) not in [int(meta.id) for meta in everything]
    assert typenames(client.list_metadatas(".*", regex=True, limit=100)) == ["vineyard::Tensor<int64>"]
    assert typenames(client.list_metadatas("*", limit=1)) == ["vineyard::Tensor<int64>"]


def test_given_listed_metadata_when_buffers_are_wanted_then_they_can_be_read(client):
    client.put(np.arange(4, dtype="int8"))
    [meta] = client.list_metadatas("vineyard::Tensor*")
    assert bytes(meta.get_buffer(meta["buffer_"].id)) == bytes([0, 1, 2, 3])
    [bare] = client.list_metadatas("vineyard::Tensor*", nobuffer=True)
    assert bare.id == meta.id


def test_given_objects_when_listed_as_objects_then_they_can_be_resolved(client):
    ident = client.put(np.arange(4))
    [entry] = client.list_objects("vineyard::Tensor*")
    assert entry.id == ident
    assert client.list_objects("vineyard::Nothing*") == []


def test_given_a_copy_without_changes_when_read_then_it_is_another_object_with_the_same_content(client):
    ident = client.put(np.arange(6))
    copy = client.shallow_copy(ident)
    assert copy != ident
    np.testing.assert_array_equal(client.get(copy), np.arange(6))
    assert client.get_meta(copy).signature == client.get_meta(ident).signature
    assert client.get_meta(copy)["buffer_"].id == client.get_meta(ident)["buffer_"].id


def test_given_a_copy_with_extra_fields_when_read_then_they_are_laid_over(client):
    ident = tagged(client, first="kept", second="old")
    copy = client.shallow_copy(ident, {"second": "new", "third": 3})
    meta = client.get_meta(copy)
    assert (meta["first"], meta["second"], meta["third"]) == ("kept", "new", 3)
    assert client.get_meta(ident)["second"] == "old"


def test_given_a_copy_when_the_original_is_deleted_then_the_copy_is_readable(client):
    ident = client.put(np.arange(6))
    copy = client.shallow_copy(ident)
    client.delete(ident)
    np.testing.assert_array_equal(client.get(copy), np.arange(6))
    client.delete(copy)
    assert client.status.memory_usage == 0


def test_given_a_blob_or_an_unknown_object_when_copied_then_it_is_refused(client):
    with pytest.raises(vineyard.AssertionFailedException):
        client.shallow_copy(client.put(b"bytes"))
    with pytest.raises(vineyard.MetaTreeSubtreeNotExistsException):
        client.shallow_copy(vineyard.ObjectID(0x77))


def test_given_an_own_object_when_migrated_then_it_stays_where_it_is(client):
    ident = client.put(np.arange(6))
    client.persist(ident)
    assert client.migrate(ident) == ident
    np.testing.assert_array_equal(client.get(ident, fetch=True), np.arange(6))


def test_given_an_object_when_its_allocated_size_is_asked_then_its_blobs_are_summed(client):
    assert client.allocated_size(client.put((np.zeros(100), np.zeros(50)))) == 1200


def test_given_a_view_of_the_store_when_looked_up_then_its_blob_is_found(client):
    ident = client.put(np.arange(6))
    address = client.get(ident).__array_interface__["data"][0]
    assert client.find_shared_memory(address) == client.get_meta(ident)["buffer_"].id
    assert client.find_shared_memory(np.arange(6).__array_interface__["data"][0]) is None


def test_given_a_global_object_of_two_arrays_when_read_then_it_names_both(client):
    from vineyard.data.tensor import make_global_tensor

    parts = [client.put(np.arange(count), persist=True) for count in (4, 2)]
    whole = client.get_meta(make_global_tensor(client, parts, shape=(6,)).id)
    assert whole.isglobal
    assert [whole[f"partitions_-{number}"].id for number in range(2)] == parts


def test_given_a_single_daemon_when_asked_for_the_cluster_then_it_lists_itself(client, store):
    [(instance, record)] = client.meta.items()
    assert instance == client.instance_id == 0
    assert record["ipc_socket"] == store.socket
    assert record["rpc_endpoint"] == f"127.0.0.1:{store.rpc_port}" == client.rpc_endpoint
    assert {"hostname", "nodename", "hostid", "timestamp"} <= set(record)


def test_given_the_status_when_printed_then_it_shows_size_and_deployment(client):
    status = client.status
    assert status.deployment == "local"
    assert status.memory_limit == 256 << 20
    assert status.memory_usage == 0
    assert client.version == "0.24.2"
    assert client.sync_meta() is None
    assert client.memory_trim() in (True, False)
