"""The stream classes of the released package, between two processes and one daemon."""

import pandas as pd
import pyarrow as pa
import pytest
import vineyard
from vineyard.io.byte import ByteStream
from vineyard.io.dataframe import DataframeStream
from vineyard.io.recordbatch import RecordBatchStream


@pytest.fixture
def consumer(peer):
    """Another process with the stream classes at hand."""
    peer.run(
        """
        from vineyard.io.byte import ByteStream
        from vineyard.io.dataframe import DataframeStream
        from vineyard.io.recordbatch import RecordBatchStream

        def reader_of(kind, stream):
            return kind(client.get_meta(vineyard.ObjectID(stream))).open_reader(client)
        """
    )
    return peer


def test_given_bytes_written_when_the_stream_is_finished_then_another_process_reads_them_in_order(client, consumer):
    stream = ByteStream.new(client, params={"kind": "text"})
    consumer.begin(
        """
        reader, pieces = reader_of(ByteStream, stream), []
        try:
            while True:
                pieces.append(bytes(reader.next()).decode())
        except StopIteration:
            pass
        pieces
        """,
        stream=int(stream.id),
    )
    writer = stream.open_writer(client)
    for number in range(10):
        chunk = writer.next(20)
        vineyard.memory_copy(chunk, f"chunk {number:014}".encode())
    writer.finish()
    assert consumer.answer() == [f"chunk {number:014}" for number in range(10)]


def test_given_small_writes_when_the_stream_is_finished_then_they_arrive_joined(client, consumer):
    stream = ByteStream.new(client)
    writer = stream.open_writer(client)
    for word in (b"many ", b"small ", b"writes"):
        writer.write(word)
    writer.finish()
    assert consumer.run("bytes(reader_of(ByteStream, stream).next()).decode()", stream=int(stream.id)) == (
        "many small writes"
    )


def test_given_a_table_written_when_read_by_another_process_then_it_is_equal(client, consumer):
    stream = DataframeStream.new(client)
    writer = stream.open_writer(client)
    frame = pd.DataFrame({"n": range(100), "s": [f"row {number}" for number in range(100)]})
    for start in range(0, 100, 25):
        writer.write_table(pa.Table.from_pandas(frame[start : start + 25], preserve_index=False))
    writer.finish()
    got = consumer.run("reader_of(DataframeStream, stream).read_table().to_pydict()", stream=int(stream.id))
    assert got == {"n": list(range(100)), "s": list(frame.s)}


def test_given_batches_appended_when_read_by_another_process_then_they_come_in_order(client, consumer):
    stream = RecordBatchStream.new(client)
    consumer.begin(
        """
        reader, batches = reader_of(RecordBatchStream, stream), []
        try:
            while True:
                batches.append(reader.next().to_pydict())
        except StopIteration:
            pass
        batches
        """,
        stream=int(stream.id),
    )
    writer = stream.open_writer(client)
    for number in range(5):
        writer.append(client.put(pa.record_batch([pa.array([number, number + 1])], names=["n"])))
    writer.finish()
    assert consumer.answer() == [{"n": [number, number + 1]} for number in range(5)]


def test_given_a_failed_stream_when_read_then_stream_failed_is_raised(client, consumer):
    stream = RecordBatchStream.new(client)
    stream.open_writer(client).fail()
    kind = consumer.run(
        """
        reader = reader_of(RecordBatchStream, stream)
        try:
            reader.next()
        except Exception as problem:
            kind = type(problem).__name__
        kind
        """,
        stream=int(stream.id),
    )
    assert kind == "StreamFailedException"


def test_given_a_stream_when_two_readers_open_it_then_the_second_is_refused(client, consumer):
    stream = ByteStream.new(client)
    consumer.run("reader = reader_of(ByteStream, stream); None", stream=int(stream.id))
    with pytest.raises(Exception, match=r"(?i)opened"):
        stream.open_reader(client)


def test_given_an_empty_stream_when_read_then_it_ends_at_once(client, consumer):
    stream = RecordBatchStream.new(client)
    stream.open_writer(client).finish()
    assert consumer.run(
        """
        reader = reader_of(RecordBatchStream, stream)
        try:
            reader.next()
        except StopIteration:
            ended = True
        ended
        """,
        stream=int(stream.id),
    )


def test_given_a_stream_when_it_is_dropped_then_it_is_unknown_and_its_object_is_gone(client):
    stream = ByteStream.new(client)
    client.drop_stream(stream.id)
    assert not client.exists(stream.id)
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.stop_stream(stream.id, False)
