"""What happens to containers of an image: as tests say, else they run."""

from __future__ import annotations

import re
from typing import Any

from ..cluster import Cluster

Obj = dict[str, Any]
PULL_FAILURES = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName")
KINDS = (*PULL_FAILURES, "CrashLoopBackOff", "NotReady", "Run", "Succeed", "Fail", "Pending")


def name(entry: Obj) -> str:
    """The description under which the strikes of a behaviour are counted."""
    return f"image {entry['pattern']} {entry['behaviour']}"


def behaviour(cluster: Cluster, image: str) -> Obj:
    """The behaviour of an image: `behaviour`, and what else the test gave."""
    for entry in cluster.images:
        if re.search(entry["pattern"], image):
            cluster.injections.strike(name(entry))
            return entry
    return {"behaviour": "Run"}


def failed_pull(image: str, entry: Obj) -> str:
    """Why an image could not be pulled."""
    return entry.get("message") or (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
    )


def waiting(entry: Obj, pod: Obj, container: Obj) -> Obj:
    """The state of a container that doesn't get to run."""
    kind, image = entry["behaviour"], container["image"]
    if kind == "ImagePullBackOff":
        message = f'Back-off pulling image "{image}"'
    elif kind == "InvalidImageName":
        message = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format'
    elif kind == "CrashLoopBackOff":
        meta = pod["metadata"]
        message = f"back-off 10s restarting failed container={container['name']} pod={meta['name']}_{meta['namespace']}({meta['uid']})"
    else:
        message = failed_pull(image, entry)
    return {"waiting": {"reason": kind, "message": message}}
