"""What runs inside a fresh client process: parameters as JSON in, one JSON line out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(work: Callable[..., dict[str, Any]]) -> None:
    """Call `work` with the parameters of the command line and print its report."""
    print(json.dumps(work(**json.loads(sys.argv[1]))))
