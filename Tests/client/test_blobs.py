"""Blobs: create, fill, seal, read; abort, shrink, batches and the empty blob."""

import pytest
import vineyard

EMPTY = vineyard.ObjectID(1 << 63)


def sealed(client, data):
    builder = client.create_blob(len(data))
    builder.copy(0, data)
    return builder.seal(client).id


def bytes_of(blob):
    return bytes(memoryview(blob))


def test_given_a_blob_when_sealed_then_every_connection_reads_it(client, second_client):
    ident = sealed(client, b"0123456789")
    assert bytes_of(client.get_blob(ident)) == b"0123456789"
    assert bytes_of(second_client.get_blob(ident)) == b"0123456789"


def test_given_a_blob_when_sealed_then_another_process_reads_it(client, peer):
    ident = sealed(client, b"across")
    read = "bytes(memoryview(client.get_blob(vineyard.ObjectID(ident)))).decode()"
    assert peer.run(read, ident=int(ident)) == "across"


def test_given_pieces_copied_at_offsets_when_sealed_then_they_are_in_place(client):
    builder = client.create_blob(12)
    builder.copy(8, b"tail")
    builder.copy(0, b"head")
    builder.copy(4, b"body")
    assert bytes_of(builder.seal(client)) == b"headbodytail"


def test_given_a_new_blob_when_looked_at_then_it_has_the_size_asked_for(client):
    builder = client.create_blob(1234)
    assert builder.size == len(memoryview(builder)) == 1234
    assert int(builder.id) >> 63 == 1
    assert client.exists(builder.id)


def test_given_an_unsealed_blob_when_read_then_object_not_sealed_is_raised(client, second_client):
    builder = client.create_blob(10)
    for reader in (client, second_client):
        with pytest.raises(vineyard.ObjectNotSealedException):
            reader.get_blob(builder.id)


def test_given_an_unsealed_blob_when_read_unsafely_then_the_bytes_written_so_far_are_seen(client, second_client):
    builder = client.create_blob(10)
    builder.copy(0, b"unfinished")
    assert bytes_of(second_client.get_blob(builder.id, True)) == b"unfinished"


def test_given_an_unsealed_blob_among_sealed_ones_when_all_are_read_then_the_request_fails(client):
    ident = sealed(client, b"ready")
    builder = client.create_blob(5)
    with pytest.raises(vineyard.ObjectNotSealedException):
        client.get_blobs([ident, builder.id])


def test_given_several_blobs_when_read_at_once_then_each_has_its_bytes(client):
    idents = [sealed(client, word) for word in (b"one", b"two", b"three")]
    assert [bytes_of(blob) for blob in client.get_blobs(idents)] == [b"one", b"two", b"three"]


def test_given_an_unknown_blob_when_read_then_there_is_none(client):
    assert client.get_blob(vineyard.ObjectID((1 << 63) | 0xABC)) is None


def test_given_a_sealed_blob_when_sealed_by_its_builder_again_then_it_is_refused(client):
    builder = client.create_blob(4)
    builder.seal(client)
    with pytest.raises(vineyard.AssertionFailedException):
        builder.seal(client)


def test_given_a_blob_when_aborted_then_it_is_gone_and_its_bytes_are_free(client):
    used = client.status.memory_usage
    builder = client.create_blob(1000)
    builder.abort(client.ipc_client)
    assert not client.exists(builder.id)
    assert client.status.memory_usage == used
    assert client.get_blob(builder.id) is None


def test_given_a_blob_when_shrunk_then_the_sealed_blob_has_the_smaller_size(client, second_client):
    builder = client.create_blob(100)
    builder.copy(0, b"x" * 60 + b"y" * 40)
    builder.shrink(client.ipc_client, 60)
    ident = builder.seal(client).id
    assert bytes_of(second_client.get_blob(ident)) == b"x" * 60


def test_given_a_blob_when_enlarged_by_shrink_then_it_is_refused(client):
    builder = client.create_blob(50)
    with pytest.raises(vineyard.InvalidException):
        builder.shrink(client.ipc_client, 500)
    builder.copy(0, b"z" * 50)
    assert bytes_of(builder.seal(client)) == b"z" * 50


def test_given_the_empty_blob_when_used_then_nothing_is_allocated(client):
    used = client.status.memory_usage
    blob = client.create_empty_blob()
    assert blob.id == EMPTY
    assert client.status.memory_usage == used
    assert client.get_blob(EMPTY).is_empty
    assert not client.exists(EMPTY)
    client.delete(EMPTY)
    assert client.get_blob(EMPTY).is_empty


def test_given_a_size_of_zero_when_created_then_it_is_the_empty_blob(client):
    builder = client.create_blob(0)
    assert builder.id == EMPTY
    assert builder.seal(client).id == EMPTY


def test_given_a_batch_of_sizes_when_created_then_the_blobs_are_separate(client, second_client):
    builders = client.create_blob([16, 0, 32, 1])
    assert [builder.size for builder in builders] == [16, 0, 32, 1]
    assert builders[1].id == EMPTY
    contents = [b"a" * 16, b"", b"c" * 32, b"d"]
    for builder, content in zip(builders, contents, strict=True):
        if content:
            builder.copy(0, content)
        builder.seal(client)
    blobs = second_client.get_blobs([builder.id for builder in builders])
    assert [bytes_of(blob) if not blob.is_empty else b"" for blob in blobs] == contents


def test_given_a_large_batch_when_created_then_every_blob_is_usable(client):
    used = client.status.memory_usage
    builders = client.create_blob(list(range(1, 501)))
    for builder in builders:
        builder.copy(0, bytes([builder.size % 256]) * builder.size)
        builder.seal(client)
    blobs = client.get_blobs([builder.id for builder in builders])
    assert all(bytes_of(blob) == bytes([blob.size % 256]) * blob.size for blob in blobs)
    assert client.status.memory_usage - used == sum(range(1, 501))


@pytest.mark.beyond_original
def test_given_a_batch_that_does_not_fit_when_created_then_none_of_it_stays(client):
    client.create_blob(1000)
    with pytest.raises(vineyard.NotEnoughMemoryException):
        client.create_blob([100 << 20, 100 << 20, 100 << 20])
    assert client.status.memory_usage == 1000
    assert client.create_blob(200 << 20).size == 200 << 20
