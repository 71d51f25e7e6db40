"""Child processes that never outlive the quickstart."""

import ctypes
import signal
import subprocess

PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent is gone, however it went."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def start(command: list[str], **options: object) -> subprocess.Popen[str]:
    """Start a command in a session of its own, so that Ctrl-C reaches only the quickstart."""
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, text=True, start_new_session=True, preexec_fn=_die_with_parent, **options
    )


def stop(process: subprocess.Popen[str], patience: float = 10) -> None:
    """End a child: SIGTERM, and SIGKILL after `patience` seconds. A child that is gone is fine."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
