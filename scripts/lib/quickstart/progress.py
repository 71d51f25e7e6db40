"""Progress lines on stderr, and the one error a person should read."""

import sys


class QuickstartError(Exception):
    """A failure with the one line to show, a hint, and log lines that explain it."""

    def __init__(self, message: str, hint: str = "", log: list[str] | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.log = log or []

    def __str__(self) -> str:
        line = super().__str__()
        return f"{line} ({self.hint})" if self.hint else line


def say(mark: str, text: str) -> None:
    """Print one progress line: ► action, ◎ wait, ✔ done, ⚠ warning, ✗ failure."""
    print(f"{mark} {text}", file=sys.stderr, flush=True)


def report_failure(error: QuickstartError | OSError) -> int:
    """Print a failure as one line, with the log lines that explain it; return the exit status for it."""
    if isinstance(error, QuickstartError):
        say("✗", str(error))
        for line in error.log:
            print(f"  {line}", file=sys.stderr)
    else:
        say("✗", f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    return 1
