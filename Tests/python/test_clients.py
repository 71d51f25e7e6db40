"""What clients can do, and what they raise."""

import asyncio
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import vineyard
from vineyard.shared_memory import ShareableList, SharedMemory


def test_given_no_object_when_read_then_it_is_an_error_with_its_name(client):
    with pytest.raises(vineyard.ObjectNotExistsException, match="o000000000000004d"):
        client.get(vineyard.ObjectID(77))
    with pytest.raises(vineyard.ObjectNotExistsException, match="nothing here"):
        client.get(name="nothing here")
    with pytest.raises(ValueError, match="id or a name"):
        client.get()
    assert client.get_blob(vineyard.ObjectID(1 << 63 | 5)) is None
    assert not client.exists(vineyard.ObjectID(77))


def test_given_a_store_that_is_full_when_put_then_the_error_says_so(client):
    with pytest.raises(vineyard.NotEnoughMemoryException):
        client.create_blob(1 << 50)
    with pytest.raises(vineyard.NotEnoughMemoryException):
        client.create_blob([1 << 20, 1 << 50])
    assert client.status.memory_usage == 0


def test_given_nobody_at_a_path_when_connecting_then_the_error_names_it(tmp_path):
    with pytest.raises(vineyard.ConnectionFailedException, match=r"no store answers at .*nobody\.sock"):
        vineyard.connect(str(tmp_path / "nobody.sock"))
    with pytest.raises(FileNotFoundError, match="is the volume mounted"):
        vineyard.csi.read(str(tmp_path / "value"))


def test_given_names_when_listed_and_dropped_then_they_are_there_and_gone(client):
    first = client.put(1, persist=True, name="/a/b")
    client.put_name(first, "other")
    assert client.list_names("*", limit=10) == {"/a/b": first, "other": first}
    client.drop_name("/a/b")
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.get_name("/a/b")
    with pytest.raises(vineyard.InvalidException, match="persist"):
        client.put_name(client.put(2), "transient")
    with pytest.warns(UserWarning, match="not persisted"):
        client.put(3, name="without persist")


def test_given_a_name_when_it_is_given_to_another_object_then_readers_get_that(client):
    with client.fork() as reader:
        client.put(np.arange(3), persist=True, name="n")
        assert reader.get(name="n").tolist() == [0, 1, 2]
        assert reader.get(name="n").tolist() == [0, 1, 2]
        client.put(np.arange(4), persist=True, name="n")
        assert reader.get(name="n").tolist() == [0, 1, 2, 3]
        client.delete(client.get_name("n"))
        with pytest.raises(vineyard.ObjectNotExistsException):
            reader.get(name="n")


def test_given_a_blob_when_written_and_sealed_then_others_read_it(client):
    builder = client.create_blob(10)
    builder[0] = 65
    builder[1:3] = b"BC"
    builder.copy(3, b"DE")
    memoryview(builder)[5:7] = np.frombuffer(b"FG", np.uint8)
    vineyard.memory_copy(builder, b"HIJ", 7)
    with pytest.raises(ValueError, match="do not fit"):
        builder.copy(8, b"123")
    with pytest.raises(vineyard.ObjectNotSealedException):
        client.get_blob(builder.id)
    blob = builder.seal(client)
    assert bytes(blob) == b"ABCDEFGHIJ" and len(blob) == blob.size == blob.nbytes == 10 and blob[1] == 66
    assert bytes(client.get_blob(blob.id)) == bytes(blob)
    assert client.find_shared_memory(blob.address) == blob.id
    with pytest.raises(vineyard.ObjectSealedException):
        builder.seal(client)
    client.create_blob(5).abort(client)
    assert client.status.memory_usage == 10


def test_given_metadata_when_created_then_fields_and_members_come_back(client):
    meta = vineyard.ObjectMeta()
    meta["typename"] = "test::Pair"
    meta["count"] = np.int64(3)
    meta["list"] = [1, 2]
    meta["text"] = "x"
    meta.add_member("first", client.put(np.arange(3)))
    meta.add_member("second", client.get_object(client.put(np.arange(4))))
    created = client.create_metadata(meta)
    got = client.get_meta(created.id)
    assert (got["count"], got["list"], got["text"], got.typename) == (3, "[1,2]", "x", "test::Pair")
    assert got.get("no field", 5) == 5 and "no field" not in got
    with pytest.raises(KeyError, match="does not exist"):
        got["no field"]
    assert client.get(got["first"].id).sum() == 3
    assert got.memory_usage == 7 * 8
    assert client.get_object(created.id).member("second").typename == "vineyard::Tensor<int64>"
    client.label(created.id, {"k": "v"})
    assert client.get_meta(created.id).labels == {"k": "v"}
    assert [meta.id for meta in client.list_metadatas("test::*")] == [created.id]
    assert "test::Pair" in repr(client.get_object(created.id)) and "<table>" in got._repr_html_()


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def test_given_builders_and_resolvers_of_users_when_used_then_they_are_called(client):
    def build(client, value, builder, **kw):
        meta = vineyard.ObjectMeta()
        meta["typename"] = "test::Point"
        meta.add_member("x_", builder.run(client, value.x))
        meta.add_member("y_", builder.run(client, value.y))
        return client.create_metadata(meta)

    def resolve(obj, resolver):
        return Point(resolver.run(obj.member("x_")), memoryview(obj.member("y_").member("buffer_")))

    with vineyard.core.context({Point: build}, {"test::Point": resolve}) as (builders, _):
        assert builders is vineyard.core.builder.get_current_builders()
        target = client.put((Point(1, np.arange(2)),))
        assert client.get_meta(target)["__elements_-0"].typename == "test::Point"
        point = client.get(target)[0]
        assert point.x == 1 and len(point.y) == 16
    assert isinstance(client.get(client.get_meta(target)["__elements_-0"].id), vineyard.Object)
    assert isinstance(client.get(client.put(Point(1, 2))), Point)
    with vineyard.resolver_context({"vineyard::Tensor": lambda obj: "special"}):
        assert client.get(client.put(np.arange(3))) == "special"
    assert client.get(client.put(np.arange(3))).sum() == 3


def test_given_a_client_over_tcp_when_it_writes_then_the_local_one_reads_and_the_other_way_round(store, client):
    with vineyard.connect("127.0.0.1", store.rpc_port) as remote:
        assert remote.is_rpc and not remote.is_ipc
        value = {"a": np.arange(30_000.0), "b": "x"}
        assert (client.get(remote.put(value))["a"] == value["a"]).all()
        assert (remote.get(client.put(value))["a"] == value["a"]).all()
        target = remote.put(np.arange(10), persist=True, name="remote")
        assert remote.get(name="remote").sum() == client.get(target).sum() == 45
        assert bytes(remote.get(remote.put(b"abc"))) == b"abc"
        builder = vineyard.RemoteBlobBuilder(3)
        builder.copy(0, b"xyz")
        meta = remote.create_remote_blob(builder)
        assert bytes(remote.get_remote_blob(meta.id)) == bytes(client.get_blob(meta.id)) == b"xyz"
        with pytest.raises(vineyard.NotEnoughMemoryException):
            remote.put(np.zeros(1 << 30, np.uint8))
        assert remote.get(target).sum() == 45


def test_given_a_stream_when_written_then_it_is_read_in_order(client):
    from vineyard.io import ByteStream, DataframeStream

    stream = ByteStream.new(client, {"k": 1})
    with client.fork() as other:
        reader = other.get(stream.id).open_reader(other)
        assert other.get(stream.id).params == {"k": 1}
        writer = stream.open_writer(client)
        writer.buffer_size_limit = 3
        for data in (b"abc", b"defg", b"h"):
            writer.write(data)
        writer.finish()
        assert [bytes(chunk) for chunk in reader] == [b"abc", b"defg", b"h"]
    import pyarrow as pa

    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    stream = DataframeStream.new(client)
    with client.fork() as other:
        reader = stream.open_reader(other)
        writer = stream.open_writer(client)
        writer.write_table(table)
        writer.write_table(table)
        writer.finish()
        assert reader.read_table().equals(pa.concat_tables([table, table]))


def test_given_a_stream_whose_writer_fails_when_read_then_it_is_an_error(client):
    from vineyard.io import ByteStream

    stream = ByteStream.new(client)
    with client.fork() as other:
        reader = stream.open_reader(other)
        stream.open_writer(client).fail()
        with pytest.raises(vineyard.StreamFailedException):
            reader.next()


def test_given_shared_memory_when_frozen_then_others_see_it(client):
    block = SharedMemory(client, create=True, size=5)
    block.buf[:] = memoryview(b"hello")
    block.freeze()
    assert bytes(SharedMemory(client, block.name).buf) == b"hello"
    items = [1, "ab", 2.5, None, b"xy", True]
    shared = ShareableList(client, items)
    shared.freeze()
    again = ShareableList(client, name=shared.shm.name)
    assert [again[index] for index in range(len(again))] == items
    block.unlink()
    assert client.get_blob(vineyard.ObjectID(block.name)) is None


def double(arguments):
    client, target = arguments
    return client.put(client.get(target) * 2)


def test_given_spawned_workers_when_they_get_a_client_then_they_use_it(client):
    target = client.put(np.arange(10))
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        results = list(workers.map(double, [(client, target)] * 3))
    assert [client.get(one).sum() for one in results] == [90, 90, 90]


def test_given_a_coroutine_when_it_uses_a_client_then_it_waits_without_blocking(store, client):
    async def work():
        async with await vineyard.connect_async(store.socket) as asynchronous:
            waiting = asyncio.create_task(asynchronous.get_name("/async", wait=True))
            target = await asynchronous.put("x", persist=True, name="/async")
            assert await waiting == target
            return await asynchronous.get(target)

    assert asyncio.run(work()) == "x"


def test_given_identifiers_when_written_and_read_then_they_are_the_same():
    one = vineyard.ObjectID("o68820f1e80800002")
    assert repr(one) == str(one) == f"{one}" == "o68820f1e80800002"
    assert vineyard.ObjectID(int(one)) == one == pickle.loads(pickle.dumps(one))
    with pytest.raises(ValueError, match="no object id"):
        vineyard.ObjectID("x y")


def test_given_a_store_without_requests_of_its_own_when_values_are_put_then_those_of_the_original_do(client):
    local = client.ipc_client
    local._connection.extensions = frozenset()
    for number in range(3):
        target = client.put(np.full(100, number), persist=True, name="old")
        assert client.get(name="old").tolist() == [number] * 100 and client.get_name("old") == target
        client.put({"a": number}, persist=True, name="pickle")
        assert client.get(name="pickle") == {"a": number}
        client.put((1, "two", np.arange(3)), persist=True, name="several")
        assert client.get(name="several")[1] == "two"
    assert not local._connection._reserved
