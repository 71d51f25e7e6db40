"""The released client over TCP: values, remote blobs, compression, and both worlds together."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import vineyard
from vineyard import RemoteBlobBuilder

MIB = 1 << 20


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def rpc(rpc_client, request):
    """The RPC client with its `compression` property on and off.

    It stays off with a daemon that does not offer compression.
    """
    rpc_client.compression = request.param
    assert request.param or not rpc_client.compression
    return rpc_client


def remote(data):
    builder = RemoteBlobBuilder(len(data))
    if data:
        builder.copy(0, data)
    return builder


def bytes_of(blob):
    return bytes(memoryview(blob)) if not blob.is_empty else b""


VALUES = {
    "integer": 42,
    "text": "héllo",
    "dict": {"k": [1, 2, {"n": None}]},
    "tuple": (1, "x", 2.5),
    "none": None,
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_given_a_plain_value_when_put_over_rpc_then_it_comes_back(rpc, value):
    assert rpc.get(rpc.put(value)) == value


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float32", "float64", "bool"])
def test_given_an_array_when_put_over_rpc_then_it_comes_back(rpc, dtype):
    array = np.arange(1000).astype(dtype).reshape(10, 100)
    got = rpc.get(rpc.put(array))
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


def test_given_an_empty_array_when_put_over_rpc_then_it_comes_back(rpc):
    assert rpc.get(rpc.put(np.zeros((0, 3)))).shape == (0, 3)


def test_given_frames_and_tables_when_put_over_rpc_then_they_come_back(rpc):
    frame = pd.DataFrame({"a": np.arange(100), "b": np.linspace(0, 1, 100), "s": ["text"] * 100})
    pd.testing.assert_frame_equal(rpc.get(rpc.put(frame)), frame)
    table = pa.table({"n": pa.array([1, None, 3]), "s": pa.array(["a", "b", None])})
    assert rpc.get(rpc.put(table)).to_pydict() == table.to_pydict()


@pytest.mark.parametrize("size", [1, 10, 131_591, 131_592, MIB, 64 * MIB])
def test_given_a_remote_blob_when_read_then_its_bytes_are_the_same(rpc, size):
    data = np.random.default_rng(size).bytes(size // 2) + b"\0" * (size - size // 2)
    meta = rpc.create_remote_blob(remote(data))
    blob = rpc.get_remote_blob(meta.id)
    assert blob.id == meta.id
    assert bytes_of(blob) == data
    rpc.delete(meta.id)
    assert rpc.status.memory_usage == 0


def test_given_a_batch_of_remote_blobs_when_read_in_any_order_then_each_has_its_bytes(rpc):
    contents = [np.random.default_rng(n).bytes(size) for n, size in enumerate([1, 70_000, 3, 200_000, 5 * MIB])]
    metas = rpc.create_remote_blob([remote(data) for data in contents])
    order = [3, 0, 4, 1, 2]
    blobs = rpc.get_remote_blobs([metas[number].id for number in order])
    assert [bytes_of(blob) for blob in blobs] == [contents[number] for number in order]


def test_given_an_empty_remote_blob_among_others_when_read_then_all_are_right(rpc):
    metas = rpc.create_remote_blob([remote(b"first"), remote(b""), remote(b"last")])
    assert int(metas[1].id) == 1 << 63
    blobs = rpc.get_remote_blobs([metas[0].id, metas[2].id])
    assert [bytes_of(blob) for blob in blobs] == [b"first", b"last"]


def test_given_many_transfers_on_one_connection_when_done_then_the_stream_stays_in_step(rpc):
    for size in np.random.default_rng(9).integers(1, 300_000, 40):
        data = np.random.default_rng(size).bytes(int(size))
        assert bytes_of(rpc.get_remote_blob(rpc.create_remote_blob(remote(data)).id)) == data


def test_given_unknown_ids_when_asked_for_over_rpc_then_it_raises_and_the_connection_works(rpc):
    with pytest.raises(vineyard.AssertionFailedException):
        rpc.get_remote_blob(vineyard.ObjectID((1 << 63) | 0x123))
    with pytest.raises(vineyard.ObjectNotExistsException):
        rpc.get(vineyard.ObjectID(0x123))
    with pytest.raises(vineyard.ObjectNotExistsException):
        rpc.get_name("unknown")
    assert rpc.get(rpc.put("still here")) == "still here"


def test_given_an_unsealed_blob_when_read_over_rpc_then_it_is_refused(client, rpc):
    builder = client.create_blob(10)
    with pytest.raises(vineyard.KeyErrorException):
        rpc.get_remote_blob(builder.id)
    assert rpc.get(rpc.put(5)) == 5


def test_given_objects_put_over_ipc_when_read_over_rpc_then_they_are_equal(client, rpc):
    array = np.random.default_rng(2).standard_normal(5000)
    np.testing.assert_array_equal(rpc.get(client.put(array)), array)
    assert rpc.get(client.put({"from": "ipc"})) == {"from": "ipc"}
    assert bytes_of(rpc.get_remote_blob(client.put(b"raw bytes"))) == b"raw bytes"


def test_given_objects_put_over_rpc_when_read_over_ipc_then_they_are_equal(client, rpc):
    array = np.random.default_rng(2).standard_normal(5000)
    np.testing.assert_array_equal(client.get(rpc.put(array)), array)
    assert client.get(rpc.put({"from": "rpc"})) == {"from": "rpc"}


def test_given_a_name_put_over_rpc_when_asked_for_over_ipc_then_it_is_found(client, rpc):
    ident = rpc.put(np.arange(4), persist=True, name="over/rpc")
    assert client.get_name("over/rpc") == ident
    np.testing.assert_array_equal(client.get(name="over/rpc"), np.arange(4))
    assert list(rpc.list_names("over/*")) == ["over/rpc"]
    client.delete(ident)
    assert not rpc.exists(ident)


def test_given_a_remote_blob_larger_than_the_store_when_created_then_it_is_refused(rpc):
    with pytest.raises(vineyard.NotEnoughMemoryException):
        rpc.create_remote_blob(remote(bytes(257 * MIB)))
    assert rpc.status.memory_usage == 0
    assert rpc.get(rpc.put("fine")) == "fine"


def test_given_both_connections_when_asked_then_each_knows_what_it_is(client, rpc_client, store):
    assert client.is_ipc and not client.is_rpc
    assert rpc_client.is_rpc and not rpc_client.is_ipc
    assert rpc_client.remote_instance_id == client.instance_id == 0
    assert rpc_client.instance_id == 2**64 - 2
    assert rpc_client.rpc_endpoint == f"127.0.0.1:{store.rpc_port}"
    status = client.status
    assert (status.ipc_connections, status.rpc_connections) >= (1, 1)


def test_given_a_daemon_without_compression_when_used_over_rpc_then_everything_works(start_daemon):
    daemon = start_daemon(flags=["--compression=false"])
    connection = vineyard.connect("127.0.0.1", daemon.rpc_port)
    data = np.random.default_rng(1).bytes(300_000)
    assert bytes_of(connection.get_remote_blob(connection.create_remote_blob(remote(data)).id)) == data
    connection.close()


def test_given_rpc_turned_off_when_connected_over_ipc_then_it_works_and_advertises_no_port(start_daemon):
    daemon = start_daemon(rpc=False)
    connection = vineyard.connect(daemon.socket)
    assert connection.get(connection.put(np.arange(3))).sum() == 3
    assert connection.rpc_endpoint == "0.0.0.0:0"
    connection.close()
