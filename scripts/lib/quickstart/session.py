"""What every measurement here needs around it: a private directory, signals that end it cleanly, an exit status."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from .progress import QuickstartError, report_failure, say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked to stop; everything between here and main cleans up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:  # a second signal does not disturb the cleaning
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


@contextmanager
def work_directory() -> Iterator[Path]:
    """Make a private directory on disk, short enough for a socket path, and remove it at the end."""
    base = os.environ.get("TMPDIR") or "/var/tmp"  # /tmp is often memory
    try:
        path = Path(tempfile.mkdtemp(prefix="vineyard-quickstart-", dir=base))
    except OSError as error:
        raise QuickstartError(
            f"cannot work in {base}: {error.strerror}", "set TMPDIR to a directory on disk"
        ) from error
    try:
        if len(str(path)) > 80:
            raise QuickstartError(f"{base} is too long a path for a socket", "set TMPDIR to a shorter one")
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def exit_status(work: Callable[[], None]) -> int:
    """Do the work; return 0 when it is done, 1 when it failed, 128 + n when signal n ended it."""
    for each in SIGNALS:
        signal.signal(each, _interrupt)
    try:
        work()
    except Interrupted as interrupted:
        say("✗", f"stopped by {signal.Signals(interrupted.number).name}; store stopped, files removed")
        return 128 + interrupted.number
    except (QuickstartError, OSError) as error:
        return report_failure(error)
    return 0
