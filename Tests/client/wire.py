"""A tiny client of the store's framed JSON protocol, for what the real client never sends.

A frame is a u64 little-endian length and that many bytes of JSON. Memory files
travel after a reply, one `SCM_RIGHTS` message with exactly one data byte each.
"""

import array
import json
import mmap
import os
import select
import socket
import struct

from waiting import PATIENCE

# Replies whose type is not the request's with `_request` replaced by `_reply`.
REPLY_TYPES = {
    "list_data_request": "get_data_reply",
    "plasma_seal_request": "seal_reply",
    "cluster_meta": "cluster_meta",
    "debug_command": "debug_reply",
    "create_remote_buffer_request": "create_buffer_reply",
    "create_remote_buffers_request": "create_buffers_reply",
    "get_remote_buffers_request": "get_buffers_reply",
}


def reply_type(request_type):
    return REPLY_TYPES.get(request_type, request_type.replace("_request", "_reply"))


class WireClient:
    """One connection. Nothing is sent or checked that a test did not ask for."""

    def __init__(self, path=None, port=None):
        if path is not None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            address = str(path)
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            address = ("127.0.0.1", port)
        self.socket.settimeout(PATIENCE)
        self.registration = None
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # Frames

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send_frame(self, body):
        self.send_bytes(struct.pack("<Q", len(body)) + body)

    def send(self, type, **fields):
        self.send_frame(json.dumps({"type": type, **fields}).encode())

    def receive_bytes(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise ConnectionResetError(f"closed after {len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def receive(self):
        (length,) = struct.unpack("<Q", self.receive_bytes(8))
        return json.loads(self.receive_bytes(length))

    def receive_file(self):
        """The next fd message: exactly one data byte and exactly one descriptor."""
        room = socket.CMSG_SPACE(4 * struct.calcsize("i"))
        data, control, flags, _ = self.socket.recvmsg(1, room)
        assert len(data) == 1, "the connection closed instead of passing a memory file"
        assert not flags & socket.MSG_CTRUNC
        [(level, kind, payload)] = control
        assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        [descriptor] = array.array("i", payload)
        return descriptor

    def is_quiet(self):
        """Nothing to read at this moment and not closed."""
        return not select.select([self.socket], [], [], 0)[0]

    def is_closed_by_peer(self):
        """Waits for the end of the stream; data instead of it fails the test."""
        try:
            data = self.socket.recv(1)
        except ConnectionResetError:
            return True
        assert data == b"", f"expected the end of the stream, got {data!r}"
        return True

    # Conversations

    def register(self, **fields):
        self.registration = self.ask(
            "register_request", **{"version": "0.24.2", "store_type": 1, "session_id": 0, **fields}
        )
        return self

    def call(self, type, **fields):
        """Sends a request and returns whatever JSON comes back."""
        self.send(type, **fields)
        return self.receive()

    def ask(self, type, **fields):
        """A request that must succeed: right reply type and no `code`."""
        return self.expect_success(type, self.call(type, **fields))

    def expect_success(self, type, reply):
        assert "code" not in reply, f"{type} was refused: {reply}"
        assert reply["type"] == reply_type(type)
        return reply

    def refused(self, type, **fields):
        """A request that must be refused; returns (code, message)."""
        return error_of(self.call(type, **fields))

    # Blobs and objects, the few steps most tests need

    def create_blob(self, size):
        """An unsealed blob: (payload, memory file or None)."""
        reply = self.ask("create_buffer_request", size=size)
        return reply["created"], self.receive_file() if reply["fd"] != -1 else None

    def put_blob(self, data):
        """A sealed blob with these bytes; returns its id. Only for the first blob of a memory file."""
        payload, descriptor = self.create_blob(len(data))
        if data:
            with map_file(payload, descriptor, writable=True) as memory:
                memory[payload["data_offset"] : payload["data_offset"] + len(data)] = data
        self.ask("seal_request", object_id=payload["object_id"])
        return payload["object_id"]

    def new_blob(self, size):
        """A sealed blob of unspecified content; returns its id."""
        payload, descriptor = self.create_blob(size)
        if descriptor is not None:
            os.close(descriptor)
        self.ask("seal_request", object_id=payload["object_id"])
        return payload["object_id"]

    def new_object(self, typename="test::Thing", **fields):
        """A metadata object; returns its id."""
        return self.ask("create_data_request", content=metadata(typename, **fields))["id"]

    def memory_usage(self):
        return self.ask("instance_status_request")["meta"]["memory_usage"]

    def exists(self, object_id):
        return self.ask("exists_request", id=object_id)["exists"]

    def content(self, *object_ids, **options):
        """The metadata of these objects as `get_data` tells it: {"o…": tree} or None."""
        return self.ask("get_data_request", id=list(object_ids), **options)["content"]


def error_of(reply):
    """(code, message) of an error reply, after checking its shape."""
    assert set(reply) == {"code", "message"}, f"not an error reply: {reply}"
    assert isinstance(reply["code"], int) and reply["code"] != 0
    assert isinstance(reply["message"], str) and reply["message"]
    return reply["code"], reply["message"]


def metadata(typename="test::Thing", **fields):
    """The smallest tree `create_data_request` takes, plus `fields`."""
    return {"typename": typename, "instance_id": 0, "transient": True, "nbytes": 0, "global": False, **fields}


def blob_member(blob_id, size=0):
    """A blob as member of a metadata tree."""
    return {
        "id": text(blob_id),
        "instance_id": 0,
        "length": size,
        "nbytes": size,
        "transient": True,
        "typename": "vineyard::Blob",
    }


def text(object_id):
    """The text form of an object id."""
    return f"o{object_id:016x}"


def map_file(payload, descriptor, writable=False):
    """Maps a memory file as the real client does: `map_size` - 8 bytes from its beginning."""
    access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
    try:
        return mmap.mmap(descriptor, payload["map_size"] - 8, access=access)
    finally:
        os.close(descriptor)
