"""The program of the README's section on running a store, for both clients."""

import re
from pathlib import Path

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
NAME = "vineyard.sock"


def store_program(directory: Path) -> str:
    """The program, with its store in another directory, and checks that its values are what they should be."""
    [section] = re.findall(r"^## Run the store\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    [shell], [program] = (re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL) for language in ("sh", "python"))
    [(shown, name)] = re.findall(r"--socket (\S+)/(\S+)", shell)
    assert f"mkdir -p {shown}" in shell and name == NAME
    program = program.replace(shown, str(directory))
    assert program.count(str(directory)) == 3
    # The last line of each part shows a value, as in an interactive session.
    return f"""{program}
assert vineyard.csi.read({str(directory / "answer")!r}) == {{"answer": 42}}
assert client.get(name="numbers").sum() == 499999500000
"""


def first_example(directory: Path) -> str:
    """The first program of the page, with a frame to write, and the check that it is the one that is read."""
    program = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    assert program.count("/vineyard/data/") == 2
    return f"""import pandas
frame = pandas.DataFrame({{"price": [1.5, 2.5], "rooms": [3, 4]}})
written = frame.copy()
{program.replace("/vineyard/data", str(directory))}
assert frame is not written and frame.equals(written)
"""
