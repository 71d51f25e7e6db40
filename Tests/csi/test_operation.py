"""Logs, metrics and an orderly end."""

import os
import re
import signal
import urllib.request

import pytest

from daemon import free_port
from harness import mounts
from harness.node import capability, parameters
from waiting import eventually

SECRET = "hunter2"


def calls_of(log):
    """The methods that a log tells of, one for each line about a call."""
    return re.findall(r"^\S+ DEBUG (\w+) \{", log, re.MULTILINE)


@pytest.fixture
def verbose(start_node):
    node = start_node()
    node.start_store()
    node.start_driver(flags=["--verbose"])
    node.before = len(calls_of(node.driver.log))
    return node


def test_given_verbose_then_each_call_is_one_line_with_request_status_and_time(verbose):
    volume = verbose.create("pvc-1")
    verbose.driver.refused("DeleteVolume")
    target = verbose.publish(volume)
    verbose.unpublish(volume, target)
    lines = [line for line in verbose.driver.log.splitlines() if " DEBUG " in line][verbose.before :]
    assert [line.split()[2] for line in lines] == [
        "CreateVolume", "DeleteVolume", "NodePublishVolume", "NodeUnpublishVolume"]  # fmt: skip
    assert '"pvc-1"' in lines[0] and "volume_id is missing" in lines[1] and str(target) in lines[2]
    assert all(re.search(r"\d+ µs$", line) for line in lines)


def test_given_secrets_then_no_log_ever_has_them(verbose):
    secrets = {"secrets": {"password": SECRET}}
    volume = verbose.create("pvc-1", **secrets)
    ident = {"volume_id": volume.volume_id}
    tokens = {"csi.storage.k8s.io/serviceAccount.tokens": f'{{"aud":{{"token":"{SECRET}"}}}}'}
    published = verbose.publication(volume, verbose.target(), context={**volume.volume_context, **tokens}, **secrets)
    staged = {key: value for key, value in published.items() if key != "target_path"}
    attempts = [
        ("NodePublishVolume", published),
        ("NodeStageVolume", {**staged, "staging_target_path": "/staging"}),
        ("NodeExpandVolume", {**ident, "volume_path": str(verbose.target()), **secrets}),
        ("ControllerExpandVolume", {**ident, **secrets, "capacity_range": {"required_bytes": 1}}),
        ("ControllerModifyVolume", {**ident, **secrets}),
        ("ControllerPublishVolume", {**ident, "node_id": "n", "volume_capability": capability(), **secrets}),
        ("ControllerUnpublishVolume", {**ident, **secrets}),
        ("ValidateVolumeCapabilities", {**ident, "volume_capabilities": [capability()], **secrets}),
        ("CreateSnapshot", {"name": "s", "source_volume_id": volume.volume_id, **secrets}),
        ("ListSnapshots", secrets),
        ("GetSnapshot", {"snapshot_id": "s", **secrets}),
        ("DeleteSnapshot", {"snapshot_id": "s", **secrets}),
        ("DeleteVolume", {**ident, **secrets}),
        ("CreateVolume", {"name": "bad", **secrets}),
    ]
    for method, fields in attempts:
        call = verbose.driver.begin(method, **fields)
        call.exception()
    assert calls_of(verbose.driver.log)[verbose.before :] == ["CreateVolume", *(method for method, _ in attempts)]
    assert SECRET not in verbose.driver.log and "***" in verbose.driver.log
    assert SECRET not in verbose.store.stderr


def test_given_no_verbose_then_calls_are_not_logged_but_what_changes_is(node):
    node.driver.call("Probe")
    node.delete(node.create("pvc-1"))
    assert calls_of(node.driver.log) == []
    assert "pvc-1" in node.driver.log


def test_given_a_metrics_port_then_calls_are_counted_and_timed_by_method_and_status(start_node):
    node = start_node()
    node.start_store()
    port = free_port()
    node.start_driver(flags=[f"--metrics_port={port}"])

    def page(path="metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as reply:
            return reply.read().decode()

    for _ in range(3):
        node.create("pvc-1")
    node.driver.refused("CreateVolume")
    text = page()
    assert 'vineyard_csi_calls_total{method="CreateVolume",code="OK"} 3' in text
    assert 'vineyard_csi_calls_total{method="CreateVolume",code="INVALID_ARGUMENT"} 1' in text
    assert 'vineyard_csi_call_duration_seconds_count{method="CreateVolume"} 4' in text
    assert "vineyard_csi_calls_running 0" in text
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{[^{}]+\})? [0-9.e+-]+", line), line
    assert page("healthz").strip() == "ok"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_a_call_that_is_running_when_the_driver_is_told_to_stop_then_the_call_is_answered_first(node, number):
    os.kill(node.store.pid, signal.SIGSTOP)
    call = node.driver.begin("CreateVolume", name="pvc-1", parameters=parameters(), volume_capabilities=[capability()])
    eventually(lambda: node.driver.endpoint.is_there(), "the call before is under way")
    node.driver.process.send_signal(number)
    eventually(lambda: "stopping" in node.driver.log, "the driver stops")
    assert node.driver.process.poll() is None and not call.done()
    os.kill(node.store.pid, signal.SIGCONT)
    assert call.result().volume.volume_id == "pipelines/store/pvc-1"
    assert node.driver.process.wait(timeout=30) == 0
    assert not node.driver.socket.exists()


def test_given_a_driver_that_stops_then_what_is_mounted_stays(node):
    volume = node.create("pvc-1")
    target = node.publish(volume)
    node.driver.stop()
    assert len(mounts.at(target)) == 1 and (target / "vineyard.sock").is_socket()
    node.driver.start()
    node.unpublish(volume, target)
    assert not target.exists()


def test_given_a_store_that_hangs_then_calls_end_with_a_reason_and_others_go_on(node):
    node.start_store("healthy")
    os.kill(node.stores["pipelines", "store"].pid, signal.SIGSTOP)
    try:
        hanging = [node.driver.begin("CreateVolume", name=f"pvc-{n}", parameters=parameters(),
                                     volume_capabilities=[capability()]) for n in range(20)]  # fmt: skip
        node.delete(node.create("pvc-1", cluster="healthy"))
        for call in hanging:
            error = call.exception()
            assert error.code().name in ("UNAVAILABLE", "DEADLINE_EXCEEDED") and error.details()
    finally:
        os.kill(node.stores["pipelines", "store"].pid, signal.SIGCONT)
