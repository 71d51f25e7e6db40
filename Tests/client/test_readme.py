"""What the README tells a newcomer to type works, with the released client as with ours (Tests/python)."""

import subprocess
import sys

import pytest

from readme import NAME, first_example, store_program


@pytest.mark.parametrize("program", [first_example, store_program])
def test_given_a_store_as_in_the_readme_then_its_program_runs_and_finds_what_it_wrote(start_daemon, tmp_path, program):
    daemon = start_daemon(socket_path=tmp_path / NAME)
    done = subprocess.run([sys.executable, "-c", program(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert daemon.process.poll() is None
