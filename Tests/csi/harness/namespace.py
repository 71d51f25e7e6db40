"""A mount namespace of the test run's own: what it mounts, no other process sees, and it goes with the last process."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def enter():
    """Moves this process, and all it starts from now on, into a namespace of its own.

    Returns why that cannot be, None when it is done.
    """
    if os.geteuid() != 0:
        return "mounting needs root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return f"no mount namespace of one's own: {os.strerror(ctypes.get_errno())}"
    # Otherwise the mounts would spread to where this namespace was copied from.
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return f"the mounts cannot be made private: {os.strerror(ctypes.get_errno())}"
    return None
