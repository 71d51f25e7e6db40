"""Flags and endpoints, good and bad."""

import socket
import subprocess

import pytest

from daemon import free_port
from harness.driver import environment, program
from harness.rpc import Endpoint
from waiting import PATIENCE, eventually

NODE = "--nodeid=node-1"
BAD = {
    "nothing": [],
    "no node": ["--endpoint=unix:///tmp/csi.sock"],
    "no endpoint": [NODE],
    "empty endpoint": ["--endpoint=", NODE],
    "no scheme": ["--endpoint=/tmp/csi.sock", NODE],
    "other scheme": ["--endpoint=http://127.0.0.1:80", NODE],
    "no path": ["--endpoint=unix://", NODE],
    "any host": ["--endpoint=tcp://0.0.0.0:9000", NODE],
    "no port": ["--endpoint=tcp://127.0.0.1", NODE],
    "port too high": ["--endpoint=tcp://127.0.0.1:99999", NODE],
    "empty node": ["--endpoint=unix:///tmp/csi.sock", "--nodeid="],
    "unknown mode": ["--endpoint=unix:///tmp/csi.sock", NODE, "--mode=some"],
    "controller without a cluster": ["--endpoint=unix:///tmp/csi.sock", NODE, "--mode=controller"],
    "relative root": ["--endpoint=unix:///tmp/csi.sock", NODE, "--socket-root=run"],
    "metrics port": ["--endpoint=unix:///tmp/csi.sock", NODE, "--metrics_port=70000"],
    "unknown flag": ["--endpoint=unix:///tmp/csi.sock", NODE, "--endpont=x"],
    "argument": ["--endpoint=unix:///tmp/csi.sock", NODE, "more"],
}


def run(*flags):
    return subprocess.run([program(), "csi", *flags], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment())  # fmt: skip


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def told(done):
    """The one line of an error with a hint."""
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ") and "(hint: " in line and done.stdout == ""
    return line


@pytest.mark.parametrize("flags", BAD.values(), ids=BAD)
def test_given_bad_flags_then_one_line_says_what_to_do_and_the_status_is_2(flags):
    done = run(*flags)
    assert done.returncode == 2 and told(done)


def test_given_a_path_that_cannot_be_a_socket_then_one_line_says_so(tmp_path):
    plain = tmp_path / "file"
    plain.write_text("precious")
    for path in (plain, tmp_path / ("x" * 120), plain / "below"):
        done = run(f"--endpoint=unix://{path}", NODE)
        assert done.returncode in (1, 2) and str(path)[:90] in told(done)
    assert plain.read_text() == "precious"


def test_given_a_kubeconfig_that_is_none_then_one_line_says_so(tmp_path):
    done = run("--endpoint=unix:///tmp/csi.sock", NODE, f"--kubeconfig={tmp_path}/missing")
    assert done.returncode == 1 and "missing" in told(done)


def test_given_an_endpoint_that_another_driver_serves_then_it_is_left_to_it(node):
    done = run(f"--endpoint=unix://{node.driver.socket}", NODE)
    assert done.returncode == 1 and str(node.driver.socket) in told(done)
    assert node.driver.endpoint.is_there()


def test_given_the_socket_of_a_driver_that_died_then_the_next_one_takes_its_place(node):
    node.driver.kill()
    assert node.driver.socket.exists()
    node.driver.start()
    node.create("pvc-1")


def test_given_a_metrics_port_that_is_taken_then_one_line_says_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(f"--endpoint=unix://{tmp_path}/csi.sock", NODE, f"--metrics_port={port}")
        assert done.returncode == 1 and str(port) in told(done)


def test_given_a_port_of_this_machine_then_the_driver_serves_there(start_node):
    node = start_node()
    port = free_port()
    process = subprocess.Popen(
        [program(), "csi", f"--endpoint=TCP://127.0.0.1:{port}", NODE, f"--socket-root={node.root}"],
        stderr=subprocess.DEVNULL, env=environment())  # fmt: skip
    try:
        eventually(lambda: is_open(port), f"somebody listens on port {port}")
        endpoint = Endpoint(f"127.0.0.1:{port}")
        assert endpoint.call("GetPluginInfo").name == "csi.vineyard.v6d.io"
        endpoint.close()
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
