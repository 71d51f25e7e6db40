"""Given a terminal, when a deployment is waited for, then one block shows all objects and is redrawn."""

import os
import pty
import re
import subprocess

from command_line import program

UP = re.compile(r"\x1b\[(\d+)A\x1b\[J")


def on_terminal(kubeconfig, home, *arguments):
    """Run with stderr on a terminal; returns the exit status and all that was drawn."""
    leader, follower = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}
    process = subprocess.Popen(
        [program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower, env=environment)
    os.close(follower)
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
            del lines[len(lines) - 1 - int(match[1]):]
            lines.append("")
        elif part == "\n":
            lines.append("")
        else:
            lines[-1] += part
    return lines


def test_given_a_terminal_when_deployed_then_each_object_is_shown_once_in_the_end(cluster, tmp_path):
    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "deploy", "vineyard-cluster", "--create-namespace")

    assert status == 0
    assert UP.search(drawn)
    lines = screen(drawn)
    assert lines.count("✔ Vineyardd vineyard-system/vineyardd-sample: 3/3 ready") == 1
    assert not [line for line in lines if line.startswith("◎")]
    assert {"✚ Namespace vineyard-system created", "✚ Deployment vineyard-system/vineyard-controller-manager created",
            "✚ Vineyardd vineyard-system/vineyardd-sample created"} <= set(lines), "redrawing erases nothing else"
    assert lines[-2:] == ["✔ vineyard cluster vineyard-system/vineyardd-sample is ready", ""]


def test_given_a_terminal_when_time_is_up_then_reasons_stand_above_and_the_error_below(cluster, tmp_path):
    cluster.image("store", "ImagePullBackOff")

    status, drawn = on_terminal(
        cluster.kubeconfig, tmp_path, "deploy", "vineyard-deployment", "--create-namespace", "--vineyardd.image",
        "store:1", "--timeout", "1s")

    assert status == 3
    lines = screen(drawn)
    assert [line for line in lines if line.startswith("✗ vineyardd-sample-")]
    assert len([line for line in lines if line.startswith("◎ Deployment vineyard-system/vineyardd-sample:")]) == 1
    assert lines[-2].startswith("error: Deployment vineyard-system/vineyardd-sample is not ready after 1s")


def test_given_a_terminal_when_a_cluster_is_deployed_then_every_object_made_is_shown_once(cluster, tmp_path):
    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "deploy", "vineyard-cluster", "--create-namespace")

    assert status == 0
    made = [line for line in screen(drawn) if line.startswith("✚ ")]
    assert len(made) == len(set(made)) == drawn.count("✚ ")
