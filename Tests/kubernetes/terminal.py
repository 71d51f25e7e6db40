"""Runs the program with a terminal, and reads what is left to see."""

import os
import pty
import re
import subprocess

from command_line import program

UP = re.compile(r"\x1b\[(\d+)A\x1b\[J")


def on_terminal(kubeconfig, home, *arguments, answers=None, **variables):
    """Run with stderr on a terminal, without colours unless variables say otherwise.

    Returns the exit status and all that was drawn. With `answers` standard input is the terminal as well, at which
    somebody types them.
    """
    leader, follower = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(kubeconfig),
        "NO_COLOR": "1",
        **variables,
    }
    process = subprocess.Popen(
        [program(), *arguments],
        stdin=subprocess.DEVNULL if answers is None else follower,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    if answers is not None:
        os.write(leader, answers.encode())
    drawn = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux answers so once the other end is closed
            break
        drawn += chunk
    os.close(leader)
    return process.wait(), drawn.decode().replace("\r\n", "\n")


def screen(drawn):
    """The lines that are left to see after all redrawing."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+A\x1b\[J|\n)", drawn):
        if match := UP.fullmatch(part):
            assert lines[-1] == "", "redrawing begins at the start of a line"
            del lines[len(lines) - 1 - int(match[1]) :]
            lines.append("")
        elif part == "\n":
            lines.append("")
        else:
            lines[-1] += part
    return lines
