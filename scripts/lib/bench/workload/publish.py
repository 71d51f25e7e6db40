"""Client process: NodePublishVolume while more and more volumes are published on the node.

Mounts in a namespace of its own, in which /run is empty: the reference knows one directory of sockets only.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.workload import serve

ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [str(ROOT / "Tests/csi"), str(ROOT / "Tests/client")]

from harness import mounts, namespace  # noqa: E402  the tests' own, not of this package
from harness.node import capability, parameters  # noqa: E402
from harness.rpc import Endpoint  # noqa: E402

SOCKETS = Path("/run/vineyard-kubernetes/pipelines/store")
PATIENCE = 30.0


def work(driver: str, store: str, levels: list[int], samples: int) -> dict[str, dict[str, float]]:
    """Milliseconds by level and quantile; `driver` and `store` are the words that start them."""
    obstacle = namespace.enter()
    if obstacle:
        raise SystemExit(obstacle)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    SOCKETS.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="bench-publish-") as name:
        directory = Path(name)
        processes = [
            _start(store, ["--meta", "local", "--norpc", "--size", "256M",
                           "--socket", str(SOCKETS / "vineyard.sock")], SOCKETS / "vineyard.sock"),
            _start(driver, [f"--endpoint=unix://{directory}/csi.sock", "--nodeid=node-1",
                            f"--state-file-path={directory}/state"], directory / "csi.sock")]  # fmt: skip
        try:
            return _measure(directory, levels, samples)
        finally:
            mounts.clear(directory)
            for process in reversed(processes):
                process.terminate()
                process.wait()


def _start(words: str, flags: list[str], socket: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([*shlex.split(words), *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    end = time.monotonic() + PATIENCE
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{words} did not start")
        time.sleep(0.01)
    return process


def _measure(directory: Path, levels: list[int], samples: int) -> dict[str, dict[str, float]]:
    """The figures by the number of volumes that are published meanwhile, the measured one included."""
    driver = Endpoint(f"unix:{directory}/csi.sock")
    made = 0

    def publication() -> dict[str, Any]:
        nonlocal made
        made += 1
        volume = driver.call("CreateVolume", name=f"pvc-{made:05}", parameters=parameters(),
                             volume_capabilities=[capability()]).volume  # fmt: skip
        (directory / f"pod-{made}").mkdir()
        return {"volume_id": volume.volume_id, "volume_context": dict(volume.volume_context),
                "target_path": str(directory / f"pod-{made}/mount"), "volume_capability": capability()}  # fmt: skip

    measured, figures = publication(), {}
    for level in levels:
        while made < level:
            driver.call("NodePublishVolume", **publication())
        times = []
        for _ in range(samples):
            begin = time.perf_counter()
            driver.call("NodePublishVolume", **measured)
            times.append((time.perf_counter() - begin) * 1e3)
            driver.call("NodeUnpublishVolume", volume_id=measured["volume_id"], target_path=measured["target_path"])
        times.sort()
        figures[str(level)] = {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}
    return figures


if __name__ == "__main__":
    serve(work)
