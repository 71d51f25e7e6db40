"""Waiting for a condition by polling. The limits only catch hangs, they measure nothing."""

import os
import time

PATIENCE = float(os.environ.get("PATIENCE", 60))


def eventually(condition, what, patience=PATIENCE):
    """Polls until `condition()` is truthy and returns its value; fails after `patience` seconds.

    `what` names the condition in the failure; a callable is asked at that moment.
    """
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.005)
    return value
