"""Given kubectl, a client not of ours, when it does its work, then the double is a cluster to it."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

import objects
from waiting import eventually

pytestmark = pytest.mark.skipif(not shutil.which(os.environ.get("KUBECTL", "kubectl")), reason="no kubectl here")
MANIFEST = yaml.safe_dump_all([objects.deployment(), objects.service(), objects.config_map(a="1")])


def test_given_a_manifest_when_applied_twice_then_the_second_time_nothing_changes(kubectl):
    first = kubectl("apply", "-f", "-", stdin=MANIFEST)
    assert first.count("created") == 3
    assert kubectl("apply", "-f", "-", stdin=MANIFEST).count("unchanged") == 3


def test_given_a_changed_manifest_when_applied_then_only_the_change_is_made(kubectl):
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    changed = MANIFEST.replace("port: 80", "port: 81")
    output = kubectl("apply", "-f", "-", stdin=changed)
    assert "service/web configured" in output and output.count("unchanged") == 2
    assert kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[*].port}") == "81"


def test_given_a_manifest_when_applied_server_side_then_conflicts_are_told(kubectl):
    assert kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST).count("serverside-applied") == 3
    other = json.dumps(objects.config_map(a="2"))
    failed = kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", stdin=other, fails=True)
    assert 'conflict with "kubectl"' in failed and ".data.a" in failed
    kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", stdin=other)
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.a}") == "2"


def test_given_an_object_when_got_then_yaml_and_tables_show_it(kubectl):
    kubectl("create", "configmap", "settings", "--from-literal=a=1")
    assert 'a: "1"' in kubectl("get", "configmap", "settings", "-o", "yaml")
    assert "settings" in kubectl("get", "cm")
    assert "No resources found" not in kubectl("get", "all", "-A")


def test_given_a_deployment_when_waited_for_then_rollout_and_wait_return(kubectl):
    kubectl("create", "deployment", "web", "--image=example.com/web:1")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "condition met" in kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=30s")
    kubectl("scale", "deployment/web", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    kubectl("delete", "deployment", "web", "--wait=true", "--timeout=30s")
    assert "NotFound" in kubectl("get", "deployment", "web", fails=True)


def test_given_a_watch_when_an_object_changes_then_kubectl_prints_it(double, kubectl, api):
    kubectl("create", "configmap", "watched")
    command = [
        os.environ.get("KUBECTL", "kubectl"),
        "--kubeconfig",
        str(double.kubeconfig),
        "get",
        "configmap",
        "watched",
        "-w",
        "-o",
        "jsonpath={.data.a}\n",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        eventually(lambda: double.open_watches() > 0, "kubectl watches")
        api.patch("/api/v1/namespaces/default/configmaps/watched", {"data": {"a": "seen"}})
        lines = iter(watching.stdout.readline, "")
        assert any(line.strip() == "seen" for line in lines)
        watching.terminate()


def test_given_a_definition_when_applied_then_its_resources_can_be_used_by_short_name(kubectl):
    definition = objects.definition(schema={"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}})
    definition["spec"]["names"]["shortNames"] = ["th"]
    kubectl("apply", "-f", "-", stdin=json.dumps(definition))
    kubectl("wait", "--for=condition=Established", "crd/things.example.org", "--timeout=30s")
    eventually(lambda: "things" in kubectl("api-resources", "--api-group=example.org"), "the kind is discovered")
    kubectl("apply", "-f", "-", stdin=json.dumps(objects.custom(size=1)))
    assert kubectl("get", "th", "a", "-o", "jsonpath={.spec.size}") == "1"


def test_given_a_mistake_when_applied_then_kubectl_shows_the_servers_words(kubectl):
    broken = json.dumps(objects.deployment(selector={"matchLabels": {"x": "y"}}))
    assert "`selector` does not match template `labels`" in kubectl("apply", "-f", "-", stdin=broken, fails=True)


def test_given_a_namespace_when_deleted_then_kubectl_waits_for_its_end(kubectl):
    kubectl("create", "namespace", "going")
    kubectl("-n", "going", "create", "configmap", "c")
    kubectl("delete", "namespace", "going", "--timeout=30s")
    assert "NotFound" in kubectl("get", "namespace", "going", fails=True)


def test_given_logs_when_asked_then_kubectl_prints_them(double, kubectl):
    kubectl("create", "deployment", "web", "--image=example.com/web:1")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    double.log_text("default", "web", "hello\n")
    assert kubectl("logs", "deployment/web") == "hello\n"
