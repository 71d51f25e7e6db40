"""Given a terminal, when a deployment is waited for, then one block shows all objects and is redrawn."""

import re

import pytest

from command_line import CommandLine
from terminal import UP, on_terminal, screen


def test_given_a_terminal_when_deployed_then_each_object_is_shown_once_in_the_end(cluster, tmp_path):
    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, "deploy", "vineyard-cluster", "--create-namespace")

    assert status == 0
    assert UP.search(drawn)
    lines = screen(drawn)
    ready = re.compile(r"✔ Vineyardd vineyard-system/vineyardd-sample: 3/3 ready( \([\d.ms]+\))?")
    assert len([line for line in lines if ready.fullmatch(line)]) == 1
    assert not [line for line in lines if line.startswith("◎")]
    assert {
        "✚ Namespace vineyard-system created",
        "✚ Deployment vineyard-system/vineyard-controller-manager created",
        "✚ Vineyardd vineyard-system/vineyardd-sample created",
    } <= set(lines), "redrawing erases nothing else"
    assert re.fullmatch(r"✔ vineyard cluster vineyard-system/vineyardd-sample is ready \([\d.ms]+\)", lines[-3])
    assert lines[-2:] == [
        "► next: 'vineyardctl deploy csidriver --clusters vineyard-system/vineyardd-sample' makes volumes of it for pods",
        "",
    ]


def test_given_a_terminal_when_time_is_up_then_reasons_stand_above_and_the_error_below(cluster, tmp_path):
    cluster.image("store", "ImagePullBackOff")

    status, drawn = on_terminal(
        cluster.kubeconfig,
        tmp_path,
        "deploy",
        "vineyard-deployment",
        "--create-namespace",
        "--vineyardd.image",
        "store:1",
        "--meta",
        "local",
        "--timeout",
        "1s",
    )

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


def test_given_a_terminal_when_deployed_then_signs_have_colours_and_nothing_else(cluster, tmp_path):
    arguments = ("deploy", "operator", "--create-namespace")
    _, coloured = on_terminal(cluster.kubeconfig, tmp_path, *arguments, NO_COLOR="", TERM="xterm")
    _, plain = on_terminal(cluster.kubeconfig, tmp_path, *arguments)

    assert "\x1b[32m✔\x1b[0m vineyard operator in vineyard-system is ready" in coloured
    assert not re.search(r"\x1b\[\d+m", plain)
    assert re.findall(r"\x1b\[3\dm([^\x1b]*)", coloured) and all(
        len(sign) == 1 for sign in re.findall(r"\x1b\[3\dm([^\x1b]*)", coloured)
    )


@pytest.mark.parametrize(
    "flags, variables, expected",
    [
        ((), {"NO_COLOR": "", "TERM": "xterm"}, True),
        ((), {"NO_COLOR": "1", "TERM": "xterm"}, False),
        ((), {"NO_COLOR": "", "TERM": "dumb"}, False),
        (("--color", "never"), {"NO_COLOR": "", "TERM": "xterm"}, False),
        (("--color=always",), {"NO_COLOR": "1"}, True),
    ],
)
def test_given_a_terminal_when_a_command_fails_then_its_error_is_red(tmp_path, flags, variables, expected):
    status, drawn = on_terminal("/nowhere/config", tmp_path, "status", *flags, **variables)

    assert status == 1
    assert drawn.startswith("\x1b[31merror\x1b[0m: " if expected else "error: ")


def test_given_no_terminal_then_there_are_colours_only_when_asked_for(cluster, tmp_path):
    run = CommandLine(cluster.kubeconfig, tmp_path)

    assert "\x1b" not in run("check", "--pre").output
    assert "\x1b[32m✔\x1b[0m" in run("check", "--pre", "--color", "always").output
