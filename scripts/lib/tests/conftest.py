"""Makes the quickstart and the example stages importable."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(ROOT / "examples" / "kubeflow" / "steps")]
