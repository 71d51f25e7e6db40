"""Stands between the driver and a store, and can hold any message that passes."""

import contextlib
import socket
import struct
import threading


class Relay:
    """Passes frames between clients of a socket and the store behind it, and counts them.

    `hold_at(n)` keeps the n-th frame from now on (from 0, both directions counted): `held` is set, and the frame goes
    on only with `release`, or never with `lose`.
    """

    def __init__(self, path, store):
        self._store = str(store)
        self._lock = threading.Lock()
        self.count = 0
        self._hold = None
        self.held = threading.Event()
        self._decided = threading.Event()
        self._is_lost = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def hold_at(self, number):
        with self._lock:
            self.count = 0
            self._hold = number
            self._is_lost = False
            self.held.clear()
            self._decided.clear()

    def release(self):
        self._decided.set()

    def lose(self):
        self._is_lost = True
        self._decided.set()

    def close(self):
        self.release()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            store = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            store.connect(self._store)
            for source, sink in ((client, store), (store, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while frame := self._frame(source):
                if self._may_pass():
                    sink.sendall(frame)
                else:
                    break
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _may_pass(self):
        with self._lock:
            number = self.count
            self.count += 1
            is_the_one = number == self._hold
        if not is_the_one:
            return True
        self.held.set()
        self._decided.wait()
        return not self._is_lost

    @staticmethod
    def _frame(source):
        def exactly(count):
            data = b""
            while len(data) < count:
                piece = source.recv(count - len(data))
                if not piece:
                    return b""
                data += piece
            return data

        head = exactly(8)
        return head and head + exactly(struct.unpack("<Q", head)[0])
