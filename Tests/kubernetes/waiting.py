"""Waiting for a condition by polling. The limits only catch hangs, they measure nothing."""

import os
import time

# A genuine garbage collector looks for new kinds every half a minute only.
PATIENCE = 120 if os.environ.get("VINEYARDCTL_TEST_KUBECONFIG") else 30


def eventually(condition, what, patience=PATIENCE):
    """Polls until `condition()` is truthy and returns its value; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.01)
    return value
