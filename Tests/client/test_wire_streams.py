"""Streams on the wire: chunks in order, parked readers, and every way a stream can end."""

import os

import pytest

from waiting import eventually
from wire import error_of, map_file

READ, WRITE = 1, 2


class Stream:
    """The requests of one stream on one connection."""

    def __init__(self, wire, ident):
        self.wire = wire
        self.ident = ident

    def open(self, mode):
        assert self.wire.ask("open_stream_request", object_id=self.ident, mode=mode) == {"type": "open_stream_reply"}
        return self

    def next_chunk(self, size):
        """The payload of a new, writable chunk."""
        reply = self.wire.ask("get_next_stream_chunk_request", id=self.ident, size=size)
        assert set(reply) == {"type", "buffer", "fd"}
        if reply["fd"] != -1:
            assert reply["fd"] == reply["buffer"]["store_fd"]
            os.close(self.wire.receive_file())
        return reply["buffer"]

    def push(self, chunk):
        reply = self.wire.ask("push_next_stream_chunk_request", id=self.ident, chunk=chunk)
        assert reply == {"type": "push_next_stream_chunk_reply"}

    def send_pull(self):
        self.wire.send("pull_next_stream_chunk_request", id=self.ident)

    def pulled(self):
        reply = self.wire.expect_success("pull_next_stream_chunk_request", self.wire.receive())
        assert set(reply) == {"type", "chunk"}
        return reply["chunk"]

    def pull(self):
        self.send_pull()
        return self.pulled()

    def pull_refused(self):
        return self.wire.refused("pull_next_stream_chunk_request", id=self.ident)

    def stop(self, failed=False):
        assert self.wire.ask("stop_stream_request", id=self.ident, failed=failed) == {"type": "stop_stream_reply"}

    def drop(self):
        assert self.wire.ask("drop_stream_request", id=self.ident) == {"type": "drop_stream_reply"}


@pytest.fixture
def stream_id(wire):
    ident = wire.new_object("test::Stream")
    assert wire.ask("create_stream_request", object_id=ident) == {"type": "create_stream_reply"}
    return ident


@pytest.fixture
def writer(store, stream_id):
    with store.wire() as connection:
        yield Stream(connection, stream_id).open(WRITE)


@pytest.fixture
def reader(store, stream_id):
    with store.wire() as connection:
        yield Stream(connection, stream_id).open(READ)


def settle(*streams):
    """A round trip on a connection that waits for nothing."""
    for stream in streams:
        stream.wire.ask("exists_request", id=1)


def test_given_a_writer_and_a_parked_reader_when_the_next_chunk_is_taken_then_the_reader_gets_the_last(writer, reader):
    first = writer.next_chunk(100)
    assert (first["data_size"], first["is_sealed"]) == (100, False)
    reader.send_pull()
    settle(writer)
    assert reader.wire.is_quiet()
    second = writer.next_chunk(50)
    assert reader.pulled() == first["object_id"]
    writer.stop()
    assert reader.pull() == second["object_id"]
    assert reader.pull_refused() == (42, "Stream drained: no more chunks")


def test_given_chunks_written_through_memory_when_pulled_then_the_bytes_are_there(store, stream_id, reader):
    with store.wire() as connection:
        Stream(connection, stream_id).open(WRITE)
        reply = connection.ask("get_next_stream_chunk_request", id=stream_id, size=9)
        payload = reply["buffer"]
        with map_file(payload, connection.receive_file(), writable=True) as memory:
            memory[payload["data_offset"] : payload["data_offset"] + 9] = b"in stream"
        connection.ask("stop_stream_request", id=stream_id, failed=False)
        chunk = reader.pull()
        [sealed] = reader.wire.ask("get_buffers_request", ids=[chunk], unsafe=False)["payloads"]
        assert sealed["is_sealed"] is True
        with map_file(sealed, reader.wire.receive_file()) as memory:
            assert memory[sealed["data_offset"] : sealed["data_offset"] + 9] == b"in stream"


def test_given_many_chunks_when_pulled_then_they_come_in_order_and_the_earlier_are_freed(wire, writer, reader):
    chunks = [writer.next_chunk(10)["object_id"] for _ in range(20)]
    writer.stop()
    for number, chunk in enumerate(chunks):
        assert reader.pull() == chunk
        assert wire.exists(chunk)
        assert number == 0 or not wire.exists(chunks[number - 1])
    assert reader.pull_refused()[0] == 42
    assert not wire.exists(chunks[-1])


def test_given_a_stopped_stream_when_pulled_again_and_again_then_it_stays_drained(writer, reader):
    writer.stop()
    assert reader.pull_refused()[0] == 42
    assert reader.pull_refused()[0] == 42


def test_given_a_parked_reader_when_the_stream_stops_then_it_is_told_so(writer, reader):
    reader.send_pull()
    settle(writer)
    writer.stop()
    assert error_of(reader.wire.receive())[0] == 42


def test_given_a_parked_reader_when_the_stream_fails_then_code_43(writer, reader):
    reader.send_pull()
    settle(writer)
    writer.stop(failed=True)
    assert error_of(reader.wire.receive())[0] == 43


def test_given_pushed_objects_when_pulled_then_they_come_in_order_and_the_earlier_are_deleted(wire, writer, reader):
    chunks = [wire.new_object(number=number) for number in range(3)]
    for chunk in chunks:
        writer.push(chunk)
    assert reader.pull() == chunks[0]
    assert reader.pull() == chunks[1]
    assert not wire.exists(chunks[0])
    assert wire.exists(chunks[1])
    writer.stop()
    assert reader.pull() == chunks[2]
    assert reader.pull_refused()[0] == 42


def test_given_a_parked_reader_when_an_object_is_pushed_then_it_gets_it(wire, writer, reader):
    reader.send_pull()
    settle(writer)
    assert reader.wire.is_quiet()
    chunk = wire.new_object()
    writer.push(chunk)
    assert reader.pulled() == chunk


def test_given_an_existing_stream_when_created_again_then_code_11(wire, stream_id):
    assert wire.refused("create_stream_request", object_id=stream_id)[0] == 11


def test_given_an_open_stream_when_opened_in_the_same_mode_again_then_code_45(wire, stream_id, writer, reader):
    for mode in (READ, WRITE):
        assert wire.refused("open_stream_request", object_id=stream_id, mode=mode)[0] == 45


def test_given_a_stopped_stream_when_stopped_again_then_code_44(wire, stream_id, writer):
    writer.stop()
    assert wire.refused("stop_stream_request", id=stream_id, failed=False)[0] == 44


def test_given_a_stopped_stream_when_written_to_then_code_44(wire, stream_id, writer):
    writer.stop()
    chunk = wire.new_object()
    assert wire.refused("get_next_stream_chunk_request", id=stream_id, size=10)[0] == 44
    assert wire.refused("push_next_stream_chunk_request", id=stream_id, chunk=chunk)[0] == 44


def test_given_a_parked_reader_when_another_reads_then_the_other_gets_code_44(store, wire, stream_id, writer, reader):
    reader.send_pull()
    settle(writer)
    code, _ = wire.refused("pull_next_stream_chunk_request", id=stream_id)
    assert code == 44
    chunk = wire.new_object()
    writer.push(chunk)
    assert reader.pulled() == chunk


@pytest.mark.parametrize(
    "request_type, fields",
    [
        ("open_stream_request", {"object_id": 5, "mode": 1}),
        ("get_next_stream_chunk_request", {"id": 5, "size": 10}),
        ("push_next_stream_chunk_request", {"id": 5, "chunk": 6}),
        ("pull_next_stream_chunk_request", {"id": 5}),
        ("stop_stream_request", {"id": 5, "failed": False}),
        ("drop_stream_request", {"id": 5}),
    ],
)
def test_given_an_unknown_stream_when_used_then_code_12(wire, request_type, fields):
    assert wire.refused(request_type, **fields)[0] == 12


def test_given_a_dropped_stream_when_used_then_it_is_unknown_and_its_chunks_are_freed(wire, stream_id, writer):
    chunks = [writer.next_chunk(1000)["object_id"] for _ in range(3)]
    assert wire.memory_usage() == 3000
    writer.drop()
    assert wire.refused("pull_next_stream_chunk_request", id=stream_id)[0] == 12
    assert not any(map(wire.exists, chunks[:2]))


def test_given_a_parked_reader_when_the_stream_is_dropped_then_it_is_released_with_an_error(writer, reader):
    reader.send_pull()
    settle(writer)
    writer.drop()
    assert error_of(reader.wire.receive())[0] in (12, 43)


def test_given_a_reader_that_disconnects_when_it_had_pulled_then_the_stream_is_dropped(store, wire, stream_id, writer):
    writer.next_chunk(100)
    writer.next_chunk(100)
    with store.wire() as connection:
        Stream(connection, stream_id).open(READ).pull()
    request = {"type": "stop_stream_request", "id": stream_id, "failed": False}
    eventually(lambda: wire.call(**request).get("code") == 12, "the stream is unknown")


@pytest.mark.beyond_original
def test_given_a_dropped_stream_when_reader_and_writer_are_gone_then_no_bytes_remain(
    store, stream_id, usage_returns_to
):
    with store.wire() as write_side:
        writer = Stream(write_side, stream_id).open(WRITE)
        for _ in range(3):
            writer.next_chunk(100)
        with store.wire() as read_side:
            Stream(read_side, stream_id).open(READ).pull()
    usage_returns_to(0)


@pytest.mark.beyond_original
def test_given_a_chunk_larger_than_the_store_when_asked_for_then_code_41(wire, stream_id, writer):
    assert wire.refused("get_next_stream_chunk_request", id=stream_id, size=1 << 40)[0] == 41


def test_given_a_stream_threshold_when_memory_is_short_then_the_writer_waits_for_the_reader(start_daemon):
    daemon = start_daemon(size="16M", flags=["--stream_threshold", "50"])
    with daemon.wire() as owner, daemon.wire() as write_side, daemon.wire() as read_side:
        ident = owner.new_object("test::Stream")
        owner.ask("create_stream_request", object_id=ident)
        writer = Stream(write_side, ident).open(WRITE)
        reader = Stream(read_side, ident).open(READ)
        first, second = writer.next_chunk(3 << 20), writer.next_chunk(3 << 20)
        write_side.send("get_next_stream_chunk_request", id=ident, size=3 << 20)
        assert reader.pull() == first["object_id"]
        assert write_side.is_quiet()
        # The writer's parked request has already sealed the chunk before.
        assert reader.pull() == second["object_id"]
        reply = write_side.expect_success("get_next_stream_chunk_request", write_side.receive())
        assert reply["buffer"]["data_size"] == 3 << 20
