"""A socket that carries frames and descriptors of memory files.

A frame is a 64-bit little-endian length and that many bytes of JSON. A descriptor follows the reply that announces it,
as one byte with an `SCM_RIGHTS` message.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
from collections import deque
from typing import Callable

_LENGTH = struct.Struct("<Q")
_READ_BYTES = 1 << 16
_PIECE_BYTES = 8 << 20
# Plain numbers: their classes take longer than the system calls to prepare.
_CLOSE_ON_EXEC, _RIGHTS, _LEVEL = int(socket.MSG_CMSG_CLOEXEC), int(socket.SCM_RIGHTS), int(socket.SOL_SOCKET)
_CONTROL_BYTES = socket.CMSG_SPACE(16 * array.array("i").itemsize)
_WITHOUT_WAITING = int(socket.MSG_DONTWAIT)
_MOST_BYTES = 1 << 32


class Channel:
    """One connected socket. Not thread-safe."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        self.socket = connected
        self._passes_files = connected.family == socket.AF_UNIX
        self._unread = bytearray()
        self._files: deque[int] = deque()
        self.timeout = timeout

    @property
    def timeout(self) -> float:
        """Seconds to wait for a reply."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._timeout = seconds
        # Kept by the kernel: Python's own time limit would cost a system call before each read.
        packed = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, packed)

    def send(self, bodies: list[bytes]) -> None:
        """Write frames, all with one call."""
        if len(bodies) == 1:
            self.socket.sendall(_LENGTH.pack(len(bodies[0])) + bodies[0])
        else:
            self.socket.sendall(b"".join([part for body in bodies for part in (_LENGTH.pack(len(body)), body)]))

    def receive(self) -> bytes:
        """Read the next frame.

        Raises:
            EOFError: the store closed the connection.
            TimeoutError: nothing came in time.
        """
        unread = self._unread
        while len(unread) < 8:
            self._read()
        (length,) = _LENGTH.unpack_from(unread)
        if length > _MOST_BYTES:
            raise EOFError(f"not a frame of a store: {length} bytes")
        end = 8 + length
        if length > _READ_BYTES * 4:
            self._read_long(end)
        while len(unread) < end:
            self._read()
        body = bytes(unread[8:end])
        del unread[:end]
        return body

    def receive_file(self) -> int:
        """Read the next descriptor, which the caller closes."""
        while not self._unread:
            self._read()
        del self._unread[:1]
        if not self._files:
            raise EOFError("the store announced a memory file and sent none")
        return self._files.popleft()

    def send_bytes(self, data: memoryview, note: Callable[[int], None]) -> None:
        """Write raw bytes, and note after each piece how large it was."""
        for begin in range(0, len(data), _PIECE_BYTES):
            piece = data[begin : begin + _PIECE_BYTES]
            self.socket.sendall(piece)
            note(len(piece))

    def receive_into(self, target: memoryview, note: Callable[[int], None]) -> None:
        """Read raw bytes that follow a frame, and note after each piece how large it was."""
        done = min(len(self._unread), len(target))
        target[:done] = self._unread[:done]
        del self._unread[:done]
        while done < len(target):
            try:
                count = self.socket.recv_into(target[done:])
            except BlockingIOError:
                raise TimeoutError(f"no bytes for {self._timeout:g} s") from None
            if count == 0:
                raise EOFError("the store closed the connection")
            done += count
            note(count)

    def is_idle(self) -> bool:
        """Whether the other side is still there; reads what has come without waiting."""
        try:
            while True:
                data = self._receive_message(_WITHOUT_WAITING)
                if not data:
                    return False
                self._unread += data
        except BlockingIOError:
            return True
        except OSError:
            return False

    @property
    def has_unread(self) -> bool:
        """Whether bytes have come that nobody has read."""
        return bool(self._unread)

    def close(self) -> None:
        """Close the socket and the descriptors that nobody took."""
        while self._files:
            os.close(self._files.popleft())
        self.socket.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _read(self) -> None:
        try:
            data = self._receive_message(0)
        except BlockingIOError:
            raise TimeoutError(f"no answer for {self._timeout:g} s") from None
        if not data:
            raise EOFError("the store closed the connection")
        self._unread += data

    def _receive_message(self, flags: int) -> bytes:
        if not self._passes_files:
            return self.socket.recv(_READ_BYTES, flags)
        # The kernel gives the byte of a descriptor together with what stands before it.
        data, control, _, _ = self.socket.recvmsg(_READ_BYTES, _CONTROL_BYTES, flags | _CLOSE_ON_EXEC)
        for level, kind, payload in control:
            if level == _LEVEL and kind == _RIGHTS:
                files = array.array("i")
                files.frombytes(payload[: len(payload) - len(payload) % files.itemsize])
                self._files.extend(files)
        return data

    def _read_long(self, end: int) -> None:
        """Read most of a long frame without going beyond it, where a descriptor may stand."""
        have = len(self._unread)
        if have >= end:
            return
        self._unread.extend(bytes(end - have))
        view = memoryview(self._unread)
        try:
            while have < end:
                try:
                    count = self.socket.recv_into(view[have:end])
                except BlockingIOError:
                    raise TimeoutError(f"no answer for {self._timeout:g} s") from None
                if count == 0:
                    raise EOFError("the store closed the connection")
                have += count
        finally:
            view.release()
