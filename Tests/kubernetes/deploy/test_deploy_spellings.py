"""Given the spellings that users of the original know, when a command line has them, then it is understood."""

import json

import pytest
from test_deploy_flags import SPILL, SPILLING, of_kind, render  # noqa: F401

from command_line import CommandLine

RENDER = ("--dry-run=client", "-o", "json")


@pytest.fixture
def offline(tmp_path):
    return CommandLine(None, tmp_path)


def resource(run, kind="Vineyardd"):
    return of_kind(json.loads(run.output)["items"], kind)


@pytest.mark.parametrize(
    "words", [("-n", "data"), ("-n=data",), ("-ndata",), ("--namespace", "data"), ("--namespace=data",)]
)
def test_given_each_spelling_of_a_namespace_when_deployed_then_it_is_the_same(offline, words):
    for line in ((*words, "deploy", "vineyardd"), ("deploy", *words, "vineyardd"), ("deploy", "vineyardd", *words)):
        assert resource(offline(*line, *RENDER))["metadata"]["namespace"] == "data"


@pytest.mark.parametrize(
    "words",
    [
        ("--verbose", "--create-namespace", "--wait=false"),
        ("--verbose=true", "--create-namespace=true", "--wait=0"),
        ("--verbose=T", "--create-namespace=1", "--wait=False"),
    ],
)
def test_given_each_spelling_of_a_boolean_before_the_command_when_deployed_then_it_counts(cluster, vineyardctl, words):
    run = vineyardctl(*words, "deploy", "operator")

    assert "✚ Namespace vineyard-system created" in run.lines
    assert run.lines[-1].endswith("is applied; 'vineyardctl status --wait' waits until it is ready")


@pytest.mark.parametrize(
    "words",
    [
        ("--clusters", "a/b,c/d"),
        ("--clusters=a/b", "--clusters=c/d"),
        ('--clusters=["a/b", "c/d"]',),
        ("--clusters", "a/b", "--clusters", "c/d"),
    ],
)
def test_given_each_spelling_of_a_list_when_deployed_then_it_is_the_same(offline, words):
    driver = resource(offline("deploy", "csidriver", *words, *RENDER), "CSIDriver")

    assert driver["spec"]["clusters"] == [{"namespace": "a", "name": "b"}, {"namespace": "c", "name": "d"}]


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-deployment"])
def test_given_a_dash_when_deployed_then_the_volumes_are_read_from_standard_input(offline, target):
    run = offline("deploy", target, "-", *SPILLING, *RENDER, stdin=json.dumps(SPILL))

    assert "hostPath" in run.output


def test_given_a_dash_and_a_cluster_when_deployed_then_standard_input_is_read_once(cluster, vineyardctl):
    run = vineyardctl("deploy", "vineyard-deployment", "-", "--create-namespace", *SPILLING, stdin=json.dumps(SPILL))

    assert "✚ PersistentVolume spill created" in run.lines


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-deployment"])
@pytest.mark.parametrize("spelling", ["--file", "-f"])
def test_given_a_file_when_deployed_then_it_is_the_resource(offline, tmp_path, target, spelling):
    made = resource(offline("deploy", "vineyardd", "--name=filed", "--vineyardd.size=2Gi", *RENDER))
    del made["metadata"]["namespace"]
    (tmp_path / "vineyardd.json").write_text(json.dumps(made))

    run = offline("deploy", target, spelling, str(tmp_path / "vineyardd.json"), "-n", "data", *RENDER)

    workload = resource(run, "Vineyardd" if target == "vineyardd" else "Deployment")
    assert (workload["metadata"]["name"], workload["metadata"]["namespace"]) == ("filed", "data")
    assert "2Gi" in run.output


def filed(offline, path, namespace):
    """Write a Vineyardd of some namespace into a file."""
    made = resource(offline("deploy", "vineyardd", "--name=filed", "-n", namespace, *RENDER))
    path.write_text(json.dumps(made))
    return str(path)


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-deployment"])
def test_given_a_file_and_another_namespace_when_deployed_then_it_is_refused(offline, tmp_path, target):
    file = filed(offline, tmp_path / "vineyardd.json", "team2")

    run = offline("deploy", target, "-f", file, "-n", "default", *RENDER, status=2)

    assert run.error == (
        f"error: the Vineyardd in {file} is of the namespace 'team2', not 'default' "
        "(hint: write -n team2, or leave -n out)"
    )


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-deployment"])
def test_given_a_file_with_a_namespace_when_it_is_to_be_created_then_that_one_is(offline, tmp_path, target):
    file = filed(offline, tmp_path / "vineyardd.json", "team2")

    run = offline("deploy", target, "-f", file, "--create-namespace", *RENDER)

    assert resource(run, "Namespace")["metadata"]["name"] == "team2"
    assert "vineyard-system" not in run.output


@pytest.mark.parametrize("command", [("deploy", "vineyardd"), ("deploy", "vineyard-deployment"), ("diff", "vineyardd")])
def test_given_a_file_and_flags_that_describe_a_cluster_then_they_are_refused_by_name(offline, tmp_path, command):
    file = filed(offline, tmp_path / "vineyardd.json", "vineyard-system")

    run = offline(*command, "-f", file, "--replicas", "1", "--vineyardd.size=3Gi", "--image", "a", status=2)

    assert run.error == (
        "error: --replicas, --vineyardd.size, --image have no effect beside --file "
        "(hint: write the values into the file, or leave the file out)"
    )


def test_given_a_file_that_is_something_else_when_deployed_then_it_says_what_it_holds(offline, tmp_path):
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")

    run = offline("deploy", "vineyardd", "-f", str(tmp_path / "pod.yaml"), *RENDER, status=2)

    assert "holds no Vineyardd" in run.error and "Pod" in run.error


def test_given_the_environment_when_deployed_then_it_names_the_image_unless_a_flag_does(offline):
    given = {"VINEYARDCTL_IMAGE": "example.com/from-environment:1"}

    run = offline("deploy", "operator", *RENDER, **given)
    manager = resource(run, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert {container["image"] for container in manager} == {"example.com/from-environment:1"}

    run = offline("deploy", "vineyardd", "--image", "example.com/from-flag:2", *RENDER, **given)
    assert resource(run)["spec"]["vineyard"]["image"] == "example.com/from-flag:2"


def test_given_a_registry_when_deployed_then_every_image_comes_from_it(cluster, vineyardctl):
    registry = ("--image-registry", "mirror.example.com/k8s")
    vineyardctl("deploy", "vineyard-cluster", "--create-namespace", *registry)
    vineyardctl("deploy", "csidriver", "--clusters", "vineyard-system/vineyardd-sample", *registry)

    pods = cluster.client.get("/api/v1/namespaces/vineyard-system/pods").json["items"]
    images = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    assert images and all(image.startswith("mirror.example.com/k8s/") for image in images), images
