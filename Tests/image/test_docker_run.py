"""`docker run IMAGE ...`: what the image does by itself."""

import subprocess

import numpy
import pytest
import vineyard
import yaml


def test_without_arguments_it_prints_the_help(run, program):
    help_text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    assert run().output == help_text


def test_arguments_are_those_of_vineyardctl(run, program):
    expected = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    assert run("version").output == expected


def test_wrong_usage_ends_with_2(run):
    done = run("version", "--nonsense")
    assert done.status == 2
    assert "--nonsense" in done.story


def test_called_as_vineyardd_it_is_the_daemon(start_container, image, program):
    expected = subprocess.run([program, "vineyardd", "--help"], capture_output=True, text=True, check=True).stdout
    process = image.process()
    for name in ("/usr/local/bin/vineyardd", "vineyardd"):
        process.arguments = [name, "--help"]
        done = start_container(image, process).wait()
        assert done.status == 0
        assert done.output.splitlines()[0] == expected.splitlines()[0]


def test_dry_run_of_a_deployment_needs_no_cluster(run, program):
    command = ("deploy", "vineyard-cluster", "--create-namespace", "--dry-run=client", "--output=yaml")
    expected = subprocess.run([program, *command], capture_output=True, text=True, check=True).stdout
    assert objects(run(*command).output) == objects(expected) != []


def objects(text):
    """The objects of a dry run, without the values of secrets, which are of chance."""
    found = list(yaml.safe_load_all(text))
    return [{**each, "data": list(each["data"])} if each["kind"] == "Secret" else each for each in found]


def test_store_serves_the_released_client(containers, image, tmp_path):
    """As the image's own user, in a directory that belongs to it."""
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    process = image.process("vineyardd", "--socket=/run/vineyard/vineyard.sock", "--size=64M", "--norpc")
    subprocess.run(["chown", "65532:65532", sockets], check=True)
    process.mounts = {"/run/vineyard": (sockets, False)}
    store = containers(image, process)
    store.until((sockets / "vineyard.sock").exists, "the socket is there")
    client = vineyard.connect(str(sockets / "vineyard.sock"))
    value = numpy.arange(1000)
    numpy.testing.assert_array_equal(client.get(client.put(value)), value)
    client.close()
    stopped = store.stop()
    assert stopped.status == 0, stopped.story
    assert list(sockets.iterdir()) == []


def test_store_checks_passwords_without_another_program(containers, image, tmp_path):
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    subprocess.run(
        ["htpasswd", "-c", "-B", "-b", sockets / "users", "alice", "secret"], check=True, capture_output=True
    )
    process = image.process(
        "vineyardd", "--socket=/run/vineyard/vineyard.sock", "--size=64M", "--norpc", "--htpasswd=/run/vineyard/users"
    )
    subprocess.run(["chown", "-R", "65532:65532", sockets], check=True)
    process.mounts = {"/run/vineyard": (sockets, False)}
    store = containers(image, process)
    store.until((sockets / "vineyard.sock").exists, "the socket is there")
    vineyard.connect(str(sockets / "vineyard.sock"), username="alice", password="secret").close()
    with pytest.raises(vineyard.ConnectionErrorException):
        vineyard.connect(str(sockets / "vineyard.sock"), username="alice", password="wrong")


def test_root_can_be_read_only(run):
    assert run("version", read_only=True, capabilities=(), may_gain_privileges=False).status == 0
