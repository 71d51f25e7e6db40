"""`python -m apiserver`: run a double until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from .cluster import Settings
from .server import Server


def main() -> None:
    """Parse the command line, run, end on SIGTERM, SIGINT or (on request) with the parent."""
    options = _parser().parse_args()
    settings = Settings(
        kubernetes_version=options.kubernetes_version,
        validate=not options.no_validate,
        controllers=not options.no_controllers,
        nodes=options.nodes,
        node_memory=options.node_memory,
        node_cpu=options.node_cpu,
        pod_delay=options.pod_delay,
        event_ttl=options.event_ttl,
        operator=options.operator,
    )
    options.directory.mkdir(parents=True, exist_ok=True)
    server = Server(options.directory, settings, options.port, options.certificate)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(server, options.directory, options.with_parent))


async def _run(server: Server, directory: Path, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    async with contextlib.AsyncExitStack() as stack:
        url = await server.start(stack)
        print(json.dumps({"server": url, "kubeconfig": str(directory / "kubeconfig")}), flush=True)
        await stop.wait()


def _stop_at_end(stop: asyncio.Event) -> None:
    """Stop when standard input has ended, which it does when the parent does."""
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m apiserver", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where certificates and kubeconfigs go")
    parser.add_argument(
        "--kubernetes-version", default="1.31", help="which Kubernetes to stand for (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--node-memory", default="16Gi")
    parser.add_argument("--node-cpu", default="4")
    parser.add_argument("--pod-delay", type=float, default=0.03, help="seconds per step of a pod's life")
    parser.add_argument("--event-ttl", type=float, default=3600, help="seconds until an Event goes")
    parser.add_argument("--no-validate", action="store_true", help="skip validation (for benchmarks)")
    parser.add_argument("--no-controllers", action="store_true", help="objects only: no pods, no garbage collection")
    parser.add_argument("--certificate", choices=("valid", "expired", "wrong-name", "other-ca"), default="valid")
    parser.add_argument("--operator", default="", metavar="PROGRAM", help="renders for custom resources, see README.md")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser


if __name__ == "__main__":
    main()
