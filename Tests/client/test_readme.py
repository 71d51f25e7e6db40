"""What the README tells a newcomer to type works."""

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def test_given_a_store_as_in_the_readme_then_its_program_runs_and_finds_what_it_wrote(start_daemon, tmp_path):
    [section] = re.findall(r"^## Run the store\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    [shell], [program] = (re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL) for language in ("sh", "python"))
    [(directory, name)] = re.findall(r"--socket (\S+)/(\S+)", shell)
    assert f"mkdir -p {directory}" in shell and name == "vineyard.sock"
    daemon = start_daemon(socket_path=tmp_path / name)
    program = program.replace(directory, str(tmp_path))
    assert program.count(str(tmp_path)) == 3
    # The last line of each part shows a value, as in an interactive session.
    program += '\nassert vineyard.csi.read(f"{directory}/answer") == {"answer": 42}'
    program += '\nassert client.get(name="numbers").sum() == 499999500000'
    done = subprocess.run(
        [sys.executable, "-c", f"directory = {str(tmp_path)!r}\n{program}"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert daemon.process.poll() is None
