"""Every command that prints data takes the same words for how."""

import json

import pytest
import yaml

from deployments import DEPLOYMENT, NAMESPACE

STORES = "deployment.apps/vineyardd-sample"


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("check", "--pre"),
        ("version",),
        ("deploy", "vineyard-deployment", "--dry-run=server"),
        ("deploy", "vineyard-deployment", "--dry-run=client"),
        ("delete", "vineyard-deployment", "--dry-run=client"),
    ],
    ids=" ".join,
)
def test_given_any_command_then_its_data_comes_as_table_json_yaml_and_names(vineyardctl, command):
    if command[0] != "check":
        vineyardctl(*DEPLOYMENT)

    outputs = {form: vineyardctl(*command, "-o", form).output for form in ("table", "json", "yaml", "name")}

    assert all(output.endswith("\n") for output in outputs.values())
    json.loads(outputs["json"])
    assert list(yaml.safe_load_all(outputs["yaml"]))
    names = outputs["name"].splitlines()
    assert names and all(name == name.strip() and name for name in names)
    if command[0] in ("status", "deploy", "delete"):
        assert STORES in names
        assert [line for line in outputs["table"].splitlines() if "vineyardd-sample" in line]


def test_given_differences_then_they_come_as_table_json_yaml_and_names(vineyardctl):
    vineyardctl(*DEPLOYMENT, "--meta", "local")
    command = ("diff", "vineyard-deployment", "--vineyardd.image", "localhost/vineyardctl:other", "-o")

    outputs = {form: vineyardctl(*command, form, status=1).output for form in ("table", "json", "yaml", "name")}

    [difference] = json.loads(outputs["json"])
    assert (difference["kind"], difference["name"], difference["change"]) == (
        "Deployment",
        "vineyardd-sample",
        "change",
    )
    added = [line[1:].strip() for line in difference["diff"].splitlines() if line.startswith("+")]
    assert "image: localhost/vineyardctl:other" in added
    assert yaml.safe_load(outputs["yaml"]) == [difference]
    assert outputs["name"] == f"{STORES}\n"
    assert outputs["table"].splitlines()[1].split() == ["Deployment", NAMESPACE, "vineyardd-sample", "change"]
    assert vineyardctl("diff", "vineyard-deployment", "-o", "json").output == "[]\n"


def test_given_an_older_script_then_text_is_a_table(vineyardctl):
    assert vineyardctl("version", "-o", "text").output == vineyardctl("version").output


def test_given_deleted_objects_then_their_kinds_and_namespaces_are_data(vineyardctl):
    vineyardctl(*DEPLOYMENT)

    deleted = json.loads(vineyardctl("delete", "vineyard-deployment", "-o", "json").output)

    assert {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "vineyardd-sample",
        "namespace": NAMESPACE,
    } in deleted
