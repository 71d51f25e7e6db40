"""`check` before and after a deployment: what it prints and how it ends."""

import json

import yaml

import golden
from command_line import CommandLine
from deployments import APPS, CLUSTER, DRIVER, NAMESPACE
from findings import findings

VARYING = {
    "kubernetes": r"(?<= is Kubernetes )v\S+",
    "server": r"https://127\.0\.0\.1:\d+",
    "version": r"(?<=vineyardctl:)[^ ,\n]+",
    "most": r"(?<=at most )[^)\n]+",
    "id": r"[a-z0-9]{9,10}-[a-z0-9]{5}(?=:)",
}


def test_an_empty_cluster_can_take_a_deployment(vineyardctl):
    run = vineyardctl("check", "--pre", "--size", "4Gi")

    golden.matches("check-pre.txt", run.output, **VARYING)
    assert run.story == ""


def test_without_pre_what_is_missing_has_failed(vineyardctl):
    run = vineyardctl("check", status=1)

    golden.matches("check-empty.txt", run.output, **VARYING)
    assert run.story == "error: 4 checks failed (hint: the lines with ✗ say what to do)\n"


def test_a_deployment_that_is_well_passes(vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)

    run = vineyardctl("check")

    golden.matches("check-deployed.txt", run.output, **VARYING)
    assert run.story == ""


def test_a_broken_deployment_fails_and_its_pods_words_are_warnings(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.image("localhost/vineyardctl:", "ImagePullBackOff")
    cluster.client.patch(
        f"{APPS}/deployments/vineyardd-sample", {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}
    )

    run = vineyardctl("check", "-o", "json", status=1)

    signs = findings(run, "Components")
    assert ("✔", f"operator: Deployment {NAMESPACE}/vineyard-controller-manager: 1/1 ready") in signs
    assert [text.split(": ")[0] for sign, text in signs if sign == "✗"] == ["store"]
    assert run.error == "error: 1 check failed (hint: the lines with ✗ say what to do)"


def test_json_and_yaml_say_the_same(cluster, vineyardctl):
    cluster.node("node-1", "images", images=[])
    as_json = vineyardctl("check", "--pre", "-o", "json").output
    as_yaml = vineyardctl("check", "--pre", "-o", "yaml").output

    found = json.loads(as_json)
    assert found == yaml.safe_load(as_yaml)
    assert {finding["outcome"] for finding in found} == {"passed", "warning"}
    for finding in found:
        keys = {"group", "outcome", "text"} | ({"hint"} if finding["outcome"] != "passed" else set())
        assert set(finding) == keys


def test_warnings_alone_do_not_fail(cluster, vineyardctl):
    cluster.node("node-1", "images", images=[])
    run = vineyardctl("check", "--pre", "-o", "json")

    assert "⚠" in {sign for sign, _ in findings(run)}


def test_an_unreachable_server_is_one_line(tmp_path):
    run = CommandLine(None, tmp_path)("check", "--pre", "--server", "https://127.0.0.1:1", status=1)

    cause = "nothing listens at https://127.0.0.1:1"
    hint = "is the cluster running? check --context and --kubeconfig"
    assert run.story == f"error: cannot get the server's version: {cause} (hint: {hint})\n"
    assert run.output == ""
