"""Given the released Python package with our program in it, when its users call it, then ours answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import original
from command_line import program


@pytest.fixture
def package(tmp_path):
    """A directory for PYTHONPATH in which the package `vineyard` has our program for its own."""
    source = original.program().parent.parent
    copy = tmp_path / "site" / "vineyard"
    copy.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in ("bdist", "__pycache__"):
            (copy / entry.name).symlink_to(entry)
    (copy / "bdist").mkdir()
    (copy / "bdist" / "__init__.py").touch()
    (copy / "bdist" / "vineyardctl").symlink_to(Path(program()).resolve())
    return copy.parent


@pytest.fixture
def python(package, tmp_path):
    """Runs Python with that package; returns the finished process."""

    def run(*arguments, status=0):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(package)}
        done = subprocess.run(
            [sys.executable, "-B", *arguments], capture_output=True, text=True, timeout=120, env=environment
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def test_given_the_module_when_run_then_it_is_our_program(python):
    assert python("-m", "vineyard.ctl", "--version").stdout.startswith("vineyardctl version")


def test_given_the_module_when_it_deploys_then_flags_and_exit_status_pass_through(python, cluster):
    kubeconfig = ("--kubeconfig", str(cluster.kubeconfig))
    done = python("-m", "vineyard.ctl", "deploy", "vineyard-cluster", "--create-namespace", *kubeconfig)
    assert done.stderr.splitlines()[-1].endswith("is ready")

    python("-m", "vineyard.ctl", "deploy", "vineyard-cluster", "--no-such-flag", *kubeconfig, status=2)


def test_given_the_callables_when_called_then_they_deploy(python, cluster):
    python(
        "-c",
        f"""
from vineyard.deploy.ctl import vineyardctl as ctl
options = dict(kubeconfig={str(cluster.kubeconfig)!r})
ctl.deploy.vineyard_cluster(create_namespace=True, **options)
ctl.deploy.csidriver(clusters="vineyard-system/vineyardd-sample", wait=False, **options)
""",
    )

    driver = cluster.client.get("/apis/k8s.v6d.io/v1alpha1/csidrivers/csidriver-sample").json
    assert driver["spec"]["clusters"] == [{"namespace": "vineyard-system", "name": "vineyardd-sample"}]


def test_given_numbers_lists_and_dots_when_the_callables_are_called_then_they_arrive(python):
    done = python(
        "-c",
        """
import json
from vineyard.deploy.ctl import vineyardctl as ctl
more = dict(dry_run="client", output="json", capture=True)
cluster = ctl.deploy.vineyardd(
    replicas=2, etcd_replicas=3, vineyardd_size="1Gi", vineyardd_envs=["A=1", "B=2"], vineyardd_synccrds=False,
    vineyardd_streamthreshold=50, **more)
driver = ctl.deploy.csidriver(clusters=["a/b", "c/d"], enabletoleration=True, **more)
print(json.dumps([json.loads(cluster)["items"][0]["spec"], json.loads(driver)["items"][0]["spec"]]))
""",
    )

    cluster, driver = json.loads(done.stdout)
    assert (cluster["replicas"], cluster["etcdReplicas"]) == (2, 3)
    assert (cluster["vineyard"]["size"], cluster["vineyard"]["streamThreshold"]) == ("1Gi", 50)
    assert cluster["vineyard"]["syncCRDs"] is False
    assert cluster["vineyard"]["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert driver["clusters"] == [{"namespace": "a", "name": "b"}, {"namespace": "c", "name": "d"}]
    assert driver["enableToleration"] is True


def test_given_each_callable_of_the_original_when_looked_for_then_it_is_there_with_its_parameters(python):
    listing = """
import inspect, json, sys
from vineyard.deploy._cobra import click
root = click(sys.argv[1], exclude_args=["dump_usage", "gen_doc", "x_version", "help"])
names = ["vineyard_cluster", "operator", "vineyardd", "vineyard_deployment", "csidriver"]
print(json.dumps({name: list(inspect.signature(getattr(root.deploy, name)).parameters) for name in names}))
"""
    theirs = json.loads(python("-c", listing, str(original.program())).stdout)
    ours = json.loads(python("-c", listing, program()).stdout)

    for name, parameters in theirs.items():
        assert set(parameters) <= set(ours[name]), name
