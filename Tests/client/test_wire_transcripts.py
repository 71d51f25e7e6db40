"""The conversations of the protocol reference, field by field."""

import os

from wire import blob_member, metadata, text


def test_given_a_connected_client_when_it_asks_for_status_and_cluster_then_the_records_are_complete(store, wire):
    status = wire.ask("instance_status_request")
    assert set(status) == {"type", "meta"}
    assert status["meta"] == {
        "instance_id": 0,
        "deployment": "local",
        "memory_usage": 0,
        "memory_limit": 256 << 20,
        "deferred_requests": 0,
        "ipc_connections": status["meta"]["ipc_connections"],
        "rpc_connections": status["meta"]["rpc_connections"],
    }
    cluster = wire.ask("cluster_meta")
    assert set(cluster) == {"type", "meta"}
    [(key, record)] = cluster["meta"].items()
    assert key == "i0"
    assert set(record) == {"hostid", "hostname", "ipc_socket", "nodename", "rpc_endpoint", "timestamp"}
    assert record["ipc_socket"] == store.socket
    assert record["rpc_endpoint"] == f"127.0.0.1:{store.rpc_port}"
    assert record["hostname"] == "127.0.0.1"
    assert isinstance(record["hostid"], int) and isinstance(record["timestamp"], int)


def test_given_an_array_of_1_mib_when_put_and_got_then_each_reply_is_as_captured(store, wire):
    created = wire.ask("create_buffer_request", size=1 << 20)
    os.close(wire.receive_file())
    blob = created["id"]
    assert wire.ask("seal_request", object_id=blob) == {"type": "seal_reply"}
    content = metadata(
        "vineyard::Tensor<int64>",
        buffer_=blob_member(blob, 1 << 20),
        nbytes=1 << 20,
        order_='"C"',
        partition_index_="[]",
        shape_="[131072]",
        value_type_="int64",
        value_type_meta_="<i8",
    )
    reply = wire.ask("create_data_request", content=content)
    ident = reply["id"]

    got = wire.ask("get_data_request", id=[ident], sync_remote=True, wait=False)
    assert set(got) == {"type", "content"}
    tree = got["content"][text(ident)]
    assert tree == {
        **content,
        "id": text(ident),
        "signature": reply["signature"],
        "__timestamp": tree["__timestamp"],
        "buffer_": {
            **content["buffer_"],
            "length": tree["buffer_"]["length"],
            "nbytes": tree["buffer_"]["nbytes"],
        },
    }

    buffers = wire.ask("get_buffers_request", num=1, unsafe=False, **{"0": blob})
    assert set(buffers) == {"type", "0", "num", "payloads", "fds", "compress"}
    assert (buffers["num"], buffers["fds"], buffers["compress"]) == (1, [], False)
    assert buffers["payloads"] == [{**created["created"], "is_sealed": True}] == [buffers["0"]]
    assert wire.is_quiet()


def test_given_a_csi_write_and_read_when_done_by_two_connections_then_the_replies_are_as_captured(store, wire):
    path = "/run/vydemo/csi/obj/mydict"
    blob = wire.new_blob(38)
    ident = wire.new_object("vineyard::PickleBuffer", buffer_=blob_member(blob, 38), nbytes=38, size_=38)
    assert wire.ask("persist_request", id=ident) == {"type": "persist_reply"}
    assert wire.ask("put_name_request", object_id=ident, name=path) == {"type": "put_name_reply"}
    with store.wire() as reader:
        named = reader.ask("get_name_request", name=path, wait=False)
        assert named == {"type": "get_name_reply", "object_id": ident}
        tree = reader.content(ident, sync_remote=True)[text(ident)]
        assert tree["__name"] == "~1run~1vydemo~1csi~1obj~1mydict"
        assert tree["transient"] is False
        assert tree["buffer_"]["transient"] is True
        reply = reader.ask("get_buffers_request", num=1, unsafe=False, **{"0": blob})
        assert reply["fds"] == [reply["payloads"][0]["store_fd"]]
        os.close(reader.receive_file())


def test_given_names_and_objects_when_listed_then_the_replies_are_as_captured(wire):
    blob = wire.new_blob(38)
    ident = wire.new_object("vineyard::PickleBuffer", buffer_=blob_member(blob, 38))
    wire.ask("persist_request", id=ident)
    wire.ask("put_name_request", object_id=ident, name="/a/b")
    names = wire.ask("list_name_request", pattern="*", regex=False, limit=5)
    assert names == {"type": "list_name_reply", "names": {"/a/b": ident}, "size": 1}
    everything = wire.ask("list_data_request", pattern="vineyard::*", regex=False, limit=10)
    assert set(everything["content"]) == {text(ident), text(blob)}
    assert everything["content"][text(blob)]["length"] == 38
    only = wire.ask("list_data_request", pattern="vineyard::PickleBuffer", regex=False, limit=5)
    assert set(only["content"]) == {text(ident)}
    assert wire.ask("drop_name_request", name="/a/b") == {"type": "drop_name_reply"}
    empty = wire.ask("list_name_request", pattern="*", regex=False, limit=5)
    assert (empty["names"] or {}, empty["size"]) == ({}, 0)


def test_given_a_deletion_when_done_then_the_replies_are_as_captured(wire):
    blob = wire.new_blob(38)
    ident = wire.new_object(buffer_=blob_member(blob, 38))
    deleted = wire.ask("del_data_request", id=[ident], deep=True, fastpath=False, force=False, memory_trim=False)
    assert deleted == {"type": "del_data_reply"}
    assert wire.ask("exists_request", id=ident) == {"type": "exists_reply", "exists": False}
    assert wire.ask("exists_request", id=blob) == {"type": "exists_reply", "exists": False}
    assert wire.ask("get_data_request", id=[ident], sync_remote=True, wait=False) == {
        "type": "get_data_reply",
        "content": None,
    }


def test_given_a_clear_when_done_then_the_replies_are_as_captured(wire):
    wire.new_object()
    assert wire.ask("clear_request") == {"type": "clear_reply"}
    assert wire.ask("list_data_request", pattern="*", regex=False, limit=5)["content"] is None


def test_given_the_captured_mistakes_when_repeated_then_the_errors_are_as_captured(wire):
    assert wire.refused("get_name_request", name="nope", wait=False) == (12, "failed to find name: nope")
    ident = wire.new_object()
    assert wire.refused("put_name_request", name="trans", object_id=ident) == (
        1,
        "transient objects cannot have name, please persist it first",
    )
    code, message = wire.refused("create_buffer_request", size=1 << 62)
    assert code == 41 and message.startswith(f"Failed to allocate memory of size {1 << 62}")
    code, message = wire.refused("persist_request", id=12345)
    assert code == 27 and "o0000000000003039" in message
    assert wire.refused("bogus") == (1, "Got unexpected command: bogus")


def test_given_the_small_requests_when_sent_then_the_replies_are_as_specified(wire):
    assert wire.ask("debug_command", debug={"a": 1}) == {"type": "debug_reply", "result": None}
    trimmed = wire.ask("memory_trim_request")
    assert set(trimmed) == {"type", "trimmed"} and isinstance(trimmed["trimmed"], bool)
    ident = wire.new_object()
    assert wire.ask("migrate_object_request", object_id=ident) == {"type": "migrate_object_reply", "object_id": ident}
    assert wire.ask("label_request", id=ident, keys=["k"], values=["v"]) == {"type": "label_reply"}


def test_given_blobs_released_as_after_rdma_when_there_are_none_then_it_is_answered(wire):
    assert wire.ask("release_blobs_with_rdma_request", num=0)["type"] == "release_blobs_with_rdma_reply"
