"""Stands in until it is interrupted: `python -m stand_in KUBECONFIG PROGRAM`, with this directory's parent as PYTHONPATH."""

import signal
import sys
import tempfile
from pathlib import Path

from .genuine import Genuine


def main() -> None:
    """Run; the cluster is in the end as it was at the start."""
    kubeconfig, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        server = Genuine(Path(kubeconfig), Path(directory), program)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print("ready", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            server.stop()


if __name__ == "__main__":
    main()
