"""Makes the quickstart and the example stages importable."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(ROOT / "examples" / "kubeflow" / "steps")]


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a socket name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)
