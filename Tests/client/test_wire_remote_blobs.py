"""Remote blobs on the wire: two replies, raw bytes, and one zstd stream per transfer."""

import io
import struct

import numpy as np
import pyarrow as pa
import pytest

EMPTY_BLOB = 1 << 63
# A zstd frame that never ends: no checksum, no content size, a window of 2 MiB.
ZSTD_HEADER = bytes.fromhex("28b52ffd0058")
LARGEST_ZSTD_BLOCK = 128 << 10
LARGEST_CHUNK = 131_591


@pytest.fixture(params=["ipc", "rpc"])
def connection(request, wire, wire_rpc):
    """Remote blobs work over both kinds of socket."""
    return wire if request.param == "ipc" else wire_rpc


def create(connection, *contents, raw=None, compress=False):
    """Uploads blobs and returns their ids; `raw` replaces the plain bytes."""
    if len(contents) == 1:
        name, fields = "create_remote_buffer_request", {"size": len(contents[0])}
    else:
        name, fields = "create_remote_buffers_request", {"num": len(contents), "sizes": list(map(len, contents))}
    go_ahead = connection.ask(name, compress=compress, use_rdma=False, **fields)
    connection.send_bytes(b"".join(contents) if raw is None else raw)
    final = connection.expect_success(name, connection.receive())
    assert final == go_ahead
    payloads = [final["created"]] if len(contents) == 1 else final["payloads"]
    assert [payload["data_size"] for payload in payloads] == list(map(len, contents))
    assert final["fd" if len(contents) == 1 else "fds"] == (-1 if len(contents) == 1 else [])
    return [payload["object_id"] for payload in payloads]


def ask_for(connection, ids, compress=False):
    keyed = {str(number): ident for number, ident in enumerate(ids)}
    return connection.ask(
        "get_remote_buffers_request", num=len(ids), unsafe=False, compress=compress, use_rdma=False, **keyed
    )


def download(connection, *ids):
    reply = ask_for(connection, ids)
    assert (reply["fds"], reply["compress"]) == ([], False)
    contents = [connection.receive_bytes(payload["data_size"]) for payload in reply["payloads"]]
    assert connection.is_quiet()
    return contents


def stored_blocks(data):
    """`data` as raw zstd blocks: what a sender without a compressor may send."""
    blocks = []
    for start in range(0, len(data), LARGEST_ZSTD_BLOCK):
        piece = data[start : start + LARGEST_ZSTD_BLOCK]
        blocks.append(struct.pack("<I", len(piece) << 3)[:3] + piece)
    return blocks


def chunked(pieces):
    return b"".join(struct.pack("<Q", len(piece)) + piece for piece in pieces)


def receive_compressed(connection, sizes):
    """Reads chunks until all bytes have come out of the one zstd stream; returns the blobs."""
    compressed, produced, boundaries = b"", b"", {0}
    while len(produced) < sum(sizes):
        (length,) = struct.unpack("<Q", connection.receive_bytes(8))
        assert 0 < length <= LARGEST_CHUNK
        compressed += connection.receive_bytes(length)
        if ends_with_a_block(compressed):
            produced = inflate(compressed)
            boundaries.add(len(produced))
    assert connection.is_quiet()
    ends = np.cumsum(sizes).tolist()
    assert set(ends) <= boundaries, "a chunk crosses the boundary of two blobs"
    return [produced[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def ends_with_a_block(compressed):
    """Whether the stream so far consists of the frame header and whole blocks."""
    assert compressed[: len(ZSTD_HEADER)] == ZSTD_HEADER[: len(compressed)]
    position = len(ZSTD_HEADER)
    while position + 3 <= len(compressed):
        header = int.from_bytes(compressed[position : position + 3], "little")
        assert header & 1 == 0, "the stream was ended"
        is_run_length = header >> 1 & 3 == 1
        position += 3 + (1 if is_run_length else header >> 3)
    return position == len(compressed)


def inflate(compressed):
    """What a zstd stream without an end has yielded so far."""
    last_empty_block = b"\x01\x00\x00"
    return pa.CompressedInputStream(io.BytesIO(compressed + last_empty_block), "zstd").read()


@pytest.mark.parametrize("size", [1, 10, 4096, 300_000])
def test_given_plain_bytes_when_uploaded_then_they_are_downloaded_unchanged(connection, size):
    data = np.random.default_rng(size).bytes(size)
    [ident] = create(connection, data)
    assert download(connection, ident) == [data]


def test_given_a_batch_when_uploaded_then_payloads_are_keyed_and_sealed(connection):
    sizes = [3, 5]
    reply = connection.ask("create_remote_buffers_request", num=2, sizes=sizes, compress=False, use_rdma=False)
    assert set(reply) == {"type", "num", "ids", "fds", "payloads", "0", "1"}
    assert [reply["0"], reply["1"]] == reply["payloads"]
    assert all(payload["is_sealed"] for payload in reply["payloads"])
    connection.send_bytes(b"abcdefgh")
    assert connection.receive() == reply
    assert download(connection, *reversed(reply["ids"])) == [b"defgh", b"abc"]


def test_given_a_batch_with_an_empty_blob_when_uploaded_then_no_bytes_travel_for_it(connection):
    ids = create(connection, b"one", b"", b"three")
    assert ids[1] == EMPTY_BLOB
    reply = ask_for(connection, ids)
    assert [payload["data_size"] for payload in reply["payloads"]] == [3, 0, 5]
    assert connection.receive_bytes(8) == b"onethree"
    assert connection.is_quiet()


def test_given_an_empty_upload_when_sent_then_it_is_answered_twice(connection):
    assert create(connection, b"") == [EMPTY_BLOB]
    assert connection.is_quiet()


def test_given_unknown_ids_when_downloaded_then_they_are_left_out(connection):
    [ident] = create(connection, b"known")
    reply = ask_for(connection, [EMPTY_BLOB | 9, ident])
    assert [payload["object_id"] for payload in reply["payloads"]] == [ident]
    assert connection.receive_bytes(5) == b"known"
    assert ask_for(connection, [EMPTY_BLOB | 9])["payloads"] == []
    assert connection.is_quiet()


def test_given_an_unsealed_blob_when_downloaded_then_code_2(store, connection):
    with store.wire() as creator:
        payload, _ = creator.create_blob(10)
        keyed = {"0": payload["object_id"]}
        code, _ = connection.refused("get_remote_buffers_request", num=1, unsafe=False, compress=False, **keyed)
        assert code == 2
        assert connection.is_quiet()


def test_given_an_upload_that_does_not_fit_when_refused_then_nothing_else_follows(connection):
    assert connection.refused("create_remote_buffer_request", size=1 << 40, compress=False)[0] == 41
    assert connection.refused("create_remote_buffers_request", num=2, sizes=[5, 1 << 40], compress=False)[0] == 41
    assert connection.is_quiet()
    [ident] = create(connection, b"next")
    assert download(connection, ident) == [b"next"]


def offers_compression(connection):
    return connection.registration["support_rpc_compression"]


def upload_compressed(connection, contents, pieces):
    """Uploads a zstd stream; a daemon that does not offer compression must refuse it at once."""
    if offers_compression(connection):
        ids = create(connection, *contents, raw=chunked(pieces), compress=True)
    else:
        sizes = list(map(len, contents))
        connection.refused("create_remote_buffers_request", num=len(sizes), sizes=sizes, compress=True)
        assert connection.is_quiet()
        ids = create(connection, *contents)
    assert download(connection, *ids) == contents


@pytest.mark.parametrize("size", [10, 200_000, 1_000_000])
def test_given_stored_zstd_blocks_when_uploaded_then_the_bytes_are_unpacked(connection, size):
    data = np.random.default_rng(size).bytes(size)
    first, *others = stored_blocks(data)
    upload_compressed(connection, [data], [ZSTD_HEADER + first[:5], first[5:], *others])


def test_given_two_blobs_in_one_zstd_stream_when_uploaded_then_both_are_unpacked(connection):
    contents = [b"first" * 10, b"second" * 1000]
    pieces = [ZSTD_HEADER + stored_blocks(contents[0])[0], *stored_blocks(contents[1])]
    upload_compressed(connection, contents, pieces)


@pytest.mark.parametrize("kind", ["zeros", "random"])
def test_given_a_download_asked_for_compressed_when_received_then_it_travels_as_the_reply_says(connection, kind):
    sizes = [1, 70_000, 400_000]
    contents = [bytes(size) if kind == "zeros" else np.random.default_rng(size).bytes(size) for size in sizes]
    ids = create(connection, *contents)
    reply = ask_for(connection, ids, compress=True)
    assert reply["compress"] is offers_compression(connection)
    if reply["compress"]:
        assert receive_compressed(connection, sizes) == contents
    else:
        assert [connection.receive_bytes(size) for size in sizes] == contents
    assert download(connection, *ids) == contents


def test_given_an_upload_cut_off_when_the_connection_is_gone_then_its_bytes_are_free(store, client, usage_returns_to):
    with store.wire_rpc() as connection:
        connection.ask("create_remote_buffer_request", size=1_000_000, compress=False, use_rdma=False)
        connection.send_bytes(b"x" * 1000)
        assert client.status.memory_usage == 1_000_000
    usage_returns_to(0)


def test_given_an_upload_in_progress_when_others_ask_then_they_are_served(store, connection):
    connection.ask("create_remote_buffer_request", size=1000, compress=False, use_rdma=False)
    connection.send_bytes(b"x" * 999)
    with store.wire() as other:
        assert other.exists(5) is False
    connection.send_bytes(b"y")
    blob = connection.receive()["id"]
    assert download(connection, blob) == [b"x" * 999 + b"y"]


def test_given_a_download_nobody_reads_when_others_ask_then_they_are_served(store, wire_rpc):
    data = bytes(64 << 20)
    [ident] = create(wire_rpc, data)
    ask_for(wire_rpc, [ident])
    with store.wire() as other:
        assert other.exists(ident)
    assert wire_rpc.receive_bytes(len(data)) == data
