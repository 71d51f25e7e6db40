"""`vineyardctl probe`, which tells Kubernetes whether a store serves clients."""

import json
import os
import signal
import socket
import subprocess

import pytest
import yaml

from daemon import IS_THE_ORIGINAL, daemon_command

pytestmark = pytest.mark.skipif(IS_THE_ORIGINAL, reason="the original has no such command")


def probe(path, timeout="2s", *flags):
    return subprocess.run(
        [daemon_command()[0], "probe", "--socket", str(path), "--timeout", timeout, *flags],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_store_that_serves_is_ready(store):
    done = probe(store.socket)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_asked_for_data_it_prints_what_the_store_says_of_itself(store):
    outputs = {form: probe(store.socket, "2s", "-o", form).stdout for form in ("table", "json", "yaml", "name")}
    said = json.loads(outputs["json"])
    assert said["socket"] == str(store.socket) and said["version"] == "0.24.2" and said["instance"].isdecimal()
    assert yaml.safe_load(outputs["yaml"]) == said
    assert outputs["name"].split() == list(said) == [line.split()[0] for line in outputs["table"].splitlines()]


def test_a_socket_that_a_dead_store_left_behind_is_not_ready(tmp_path):
    path = tmp_path / "vineyard.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    done = probe(path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1 and "Connection refused" in done.stderr


def test_without_a_socket_the_store_is_not_ready(tmp_path):
    done = probe(tmp_path / "none")
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: the store behind {tmp_path}/none does not serve: ")


def test_a_store_that_hangs_is_not_ready(store):
    os.kill(store.pid, signal.SIGSTOP)
    try:
        done = probe(store.socket, "500ms")
    finally:
        os.kill(store.pid, signal.SIGCONT)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1


def test_without_the_flag_it_is_a_usage_error():
    done = subprocess.run([daemon_command()[0], "probe"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
