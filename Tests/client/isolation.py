"""What keeps the workers of pytest-xdist apart: stores of one must not be seen, or be in the way, of another's."""

import ctypes
import fcntl
import os
import socket
import struct
import threading

CLONE_NEWNS = 0x0002_0000
CLONE_NEWNET = 0x4000_0000
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def isolate():
    """Gives this worker and its children a /dev/shm and a loopback of their own.

    Stores without a size leave out what others have promised in /dev/shm, and a port that was free a moment ago may be
    another worker's by now. Needs root (`CAP_SYS_ADMIN`); without it, run one worker.
    """
    assert threading.current_thread() is threading.main_thread(), "children of other threads would be elsewhere"
    libc = ctypes.CDLL(None, use_errno=True)
    succeed(libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    succeed(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount --make-rprivate /")
    succeed(libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=1777,size=100%"), "mount /dev/shm")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def succeed(status, action):
    """Raises what a call of the C library has left in `errno`."""
    if status != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{action}: {os.strerror(code)} (workers need namespaces of their own; or use -n 0)")
