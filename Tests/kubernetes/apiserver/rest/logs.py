"""Logs of pods, as a test set them."""

from __future__ import annotations

from aiohttp import web

from .. import errors
from ..cluster import Cluster
from ..objects import pipeline
from .target import Target


async def serve(cluster: Cluster, target: Target, request: web.Request) -> web.Response:
    """Answer with a container's log. Raises 400 for a container that has none."""
    pod = pipeline.existing(cluster, target.kind, target.namespace, target.name).obj
    names = [container["name"] for container in pod["spec"]["containers"]]
    inits = [container["name"] for container in pod["spec"].get("initContainers") or ()]
    container = request.query.get("container", "")
    if not container:
        if len(names) > 1:
            choices = " ".join(names)
            raise errors.bad_request(
                f"a container name must be specified for pod {target.name}, choose one of: [{choices}]"
            )
        container = names[0]
    elif container not in names + inits:
        raise errors.bad_request(f"container {container} is not valid for pod {target.name}")
    statuses = [
        *(pod.get("status", {}).get("containerStatuses") or ()),
        *(pod.get("status", {}).get("initContainerStatuses") or ()),
    ]
    status = next((entry for entry in statuses if entry["name"] == container), None)
    if request.query.get("previous") == "true" and not (status or {}).get("restartCount"):
        raise errors.bad_request(f'previous terminated container "{container}" in pod "{target.name}" not found')
    waiting = ((status or {}).get("state") or {}).get("waiting")
    if status is None or (waiting and not status.get("restartCount")):
        reason = (waiting or {}).get("reason", "ContainerCreating")
        why = "trying and failing to pull image" if "Pull" in reason else f"waiting to start: {reason}"
        raise errors.bad_request(f'container "{container}" in pod "{target.name}" is {why}')
    return web.Response(text=_shortened(_text(cluster, target, container), request), content_type="text/plain")


def _text(cluster: Cluster, target: Target, container: str) -> str:
    for key in ((target.namespace, target.name, container), (target.namespace, target.name, "")):
        if key in cluster.logs:
            return cluster.logs[key]
    owned = [
        (name, text)
        for (namespace, name, part), text in cluster.logs.items()
        if namespace == target.namespace and part in ("", container) and target.name.startswith(name + "-")
    ]
    return owned[0][1] if owned else ""


def _shortened(text: str, request: web.Request) -> str:
    lines = text.splitlines(keepends=True)
    if "tailLines" in request.query:
        count = int(request.query["tailLines"])
        lines = lines[-count:] if count else []
    whole = "".join(lines)
    return whole[: int(request.query["limitBytes"])] if "limitBytes" in request.query else whole
