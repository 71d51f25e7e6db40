"""Flags that make no sense are refused in one line before anything is asked or done."""

import pytest

import golden
from command_line import CommandLine

REFUSED = {
    "flags": (
        ("status", "--bogus"),
        ("statis",),
        ("delete", "vineyard"),
        ("deploy", "csidrivr"),
        ("status", "extra"),
        ("delete", "vineyardd", "extra"),
        ("status", "-o", "wide"),
        ("check", "-o", "wide"),
        ("delete", "operator", "-o", "list"),
        ("deploy", "operator", "-o", "csv"),
        ("delete", "vineyardd", "--dry-run=maybe"),
        ("deploy", "vineyardd", "--dry-run=maybe"),
        ("delete", "operator", "--wait=perhaps"),
        ("status", "--timeout", "soon"),
        ("delete", "operator", "--timeout=-3s"),
        ("deploy", "operator", "--timeout", "5 parsecs"),
        ("check", "--request-timeout", "x"),
        ("status", "--timeout"),
    ),
    "names": (
        ("status", "-n", "Data"),
        ("status", "-n", ""),
        ("delete", "vineyardd", "--name", ""),
        ("delete", "vineyardd", "--name", "A_b"),
        ("delete", "csidriver", "--name", "x/y"),
        ("delete", "vineyard-deployment", "--name", "-x"),
        ("delete", "vineyard-cluster", "--name", "a" * 64),
        ("deploy", "vineyardd", "--name", "A_b"),
        ("deploy", "vineyardd", "--name", "1st"),
        ("deploy", "vineyardd", "--name", "a" * 64),
        ("deploy", "vineyard-deployment", "-n", "a.b"),
        ("deploy", "csidriver", "--name", "Driver", "--clusters", "a/b"),
        ("deploy", "csidriver"),
        ("deploy", "csidriver", "--clusters", ""),
        ("deploy", "csidriver", "--clusters", "a"),
        ("deploy", "csidriver", "--clusters", "a/"),
        ("deploy", "csidriver", "--clusters", "/b"),
        ("deploy", "csidriver", "--clusters", "a/b/c"),
        ("deploy", "csidriver", "--clusters", "A/b"),
        ("deploy", "csidriver", "--clusters", "a/b,a/b"),
        ("status", "--context", ""),
        ("status", "--kubeconfig", ""),
        ("status", "--server", ""),
        ("status", "--server", "ftp://host"),
        ("status", "--server", "https://host:port"),
    ),
    "numbers": (
        ("check", "--size=-5"),
        ("check", "--size", "0"),
        ("check", "--size", "5x"),
        ("check", "--size", "much"),
        ("deploy", "vineyardd", "--vineyardd.size=-3"),
        ("deploy", "vineyardd", "--vineyardd.size", "4 apples"),
        ("deploy", "vineyard-cluster", "--vineyardd.size", "9999999999Ei"),
        ("deploy", "vineyardd", "--replicas=-3"),
        ("deploy", "vineyardd", "--replicas", "many"),
        ("deploy", "vineyard-cluster", "--etcd.replicas", "0"),
        ("deploy", "operator", "--operator.replicas=-1"),
        ("deploy", "vineyardd", "--vineyardd.service.port", "70000"),
        ("deploy", "vineyardd", "--vineyardd.memory", "lots"),
        ("deploy", "vineyardd", "--vineyardd.cpu=-1"),
        ("deploy", "vineyardd", "--vineyardd.size", "4Gi", "--vineyardd.memory", "1Gi"),
        ("deploy", "csidriver", "--clusters", "a/b", "--controller.replicas", "0"),
    ),
}


@pytest.mark.parametrize("theme", REFUSED)
def test_what_makes_no_sense_is_refused_in_one_line(tmp_path, theme):
    vineyardctl = CommandLine(None, tmp_path)
    record = ""
    for arguments in REFUSED[theme]:
        # Nothing listens there, so whoever asks fails otherwise.
        run = vineyardctl.run(*arguments, *(() if "--server" in arguments else ("--server", "https://127.0.0.1:1")))
        assert run.output == "", arguments
        assert len(run.lines) == 1, run.story
        record += f"$ vineyardctl {' '.join(arg or chr(39) * 2 for arg in arguments)}\n{run.status} {run.story}"
    golden.matches(f"bad-{theme}.txt", record)
