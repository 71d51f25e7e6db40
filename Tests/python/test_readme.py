"""What the README tells a newcomer to type works with this client; Tests/client does the same with the released one."""

import os
import re
import subprocess
import sys

import pytest

from conftest import ROOT
from readme import NAME, README, first_example, store_program


@pytest.mark.parametrize("program", [first_example, store_program])
def test_given_a_store_as_in_the_readme_then_its_program_runs_and_finds_what_it_wrote(start_daemon, tmp_path, program):
    daemon = start_daemon(socket_path=tmp_path / NAME)
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", program(tmp_path)], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert daemon.process.poll() is None


def test_given_the_first_example_then_it_installs_this_client_and_the_line_below_names_the_released_one():
    _, example, rest = re.split(r"```(?:python)?\n", README, maxsplit=2)
    assert "pip install ./python" in example
    assert rest.lstrip().startswith("The released client, `vineyard` 0.24.2 on PyPI,")
