"""docs/tutorial.md: its commands name what is there, and those that can run here do."""

import re
import subprocess

import pytest
import yaml

from daemon import REPOSITORY
from pipelines import manifests
from runs.images import EXAMPLE
from test_compare import FIGURES, PODS, argo, steps

PAGE = (REPOSITORY / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LINES = [line.strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]


def block(beginning):
    """The only block of commands that has a line which begins so."""
    [found] = [each for each in BLOCKS if re.search(rf"^ *{re.escape(beginning)}", each, re.MULTILINE)]
    return found


def tables():
    """The multipliers whose tables the Job makes."""
    [container] = manifests()["Job"]["spec"]["template"]["spec"]["containers"]
    return container["args"][1:]


@pytest.mark.parametrize("commands", BLOCKS)
def test_given_a_block_of_commands_then_a_shell_understands_it(commands):
    done = subprocess.run(["bash", "-n"], input=commands, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_given_the_files_on_the_page_then_they_are_there():
    named = re.findall(r"examples/kubeflow/([\w./-]+\w)", PAGE) + re.findall(r"`([\w-]+\.(?:yaml|py))`", PAGE)
    assert len(named) > 10
    assert [name for name in named if not (EXAMPLE / name).exists()] == []


def test_given_commands_for_objects_of_the_pipelines_then_each_says_the_namespace():
    told = [line for line in LINES if line.startswith(("argo ", "kubectl "))]
    assert len(told) > 8
    for line in told:
        is_of_files_or_namespaces = " -f " in line or " namespace " in line
        assert " -n kubeflow " in line or is_of_files_or_namespaces, line
    assert {each["metadata"].get("namespace", "kubeflow") for each in manifests().values()} == {"kubeflow"}


def test_given_the_multipliers_on_the_page_then_the_job_makes_their_tables_and_sizes_are_right():
    loop = re.search(r"for multiplier in ([\d ]+);", PAGE).group(1).split()
    client = re.findall(r'"data_multiplier": (\d+)', PAGE)
    listed = dict(re.findall(r"^\| (\d+) \| ([\d,]+) MiB \|", PAGE, re.MULTILINE))
    assert list(listed) == tables()
    assert {*loop, *client} <= listed.keys()
    for multiplier, size in listed.items():
        assert int(size.replace(",", "")) == round(int(multiplier) * 10_000 * 46 * 8 / 2**20)


def test_given_the_directory_of_the_data_then_page_and_manifest_agree():
    directory = manifests()["PersistentVolume"]["spec"]["hostPath"]["path"]
    assert set(re.findall(r"/mnt/[\w-]+", PAGE)) == {directory}


def test_given_the_clean_up_then_it_takes_away_what_was_deployed():
    cleaning = block("argo delete -n kubeflow --all")
    deployed = {line.split()[2] for line in LINES if line.startswith("vineyardctl deploy ")}
    assert deployed == {line.split()[2] for line in cleaning.splitlines() if line.startswith("vineyardctl delete ")}
    applied = set(re.findall(r"examples/kubeflow/[\w-]+\.yaml", block("kubectl apply")))
    assert applied == set(re.findall(r"examples/kubeflow/[\w-]+\.yaml", cleaning))


def test_given_the_commands_to_run_and_to_compare_when_executed_in_turn_then_there_are_tables(tmp_path):
    """`argo` is a stand-in that checks what it is given and prints the log of such a run."""
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    for multiplier, (one, other) in {400: FIGURES[1404], 1000: FIGURES[351]}.items():
        mebibytes = round(multiplier * 10_000 * 46 * 8 / 2**20)
        for name, figures in (("pipeline", one), ("pipeline-with-vineyard", other)):
            log = argo(list(steps(mebibytes, *figures)), PODS)
            (tmp_path / f"log-{name}-data_multiplier={multiplier}").write_text(log)
    stand_in = tmp_path / "argo"
    stand_in.write_text("""#!/bin/bash
set -eu
[[ "$2 $3" = "-n kubeflow" ]]
case $1 in
  submit) [[ $4 = --wait && -f $5 && $6 = -p ]] && echo "$(basename "$5" .yaml)-$7" >latest ;;
  logs) [[ ${*: -1} = @latest ]] && cat "log-$(cat latest)" ;;
  delete) [[ $4 = @latest ]] && cat latest >>deleted ;;
esac
""")
    stand_in.chmod(0o755)
    script = "set -e\n" + block("for multiplier in") + block("examples/kubeflow/compare")

    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={"PATH": f"{tmp_path}:{EXAMPLE}:/usr/local/bin:/usr/bin:/bin"})  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^[A-Z][a-z ]+time|^Workflow duration", done.stdout, re.MULTILINE) == [
        "Workflow duration", "Actual execution time", "Writing time", "Reading time"]  # fmt: skip
    assert (tmp_path / "comparison.html").exists()
    assert len((tmp_path / "deleted").read_text().splitlines()) == 4


def test_given_parameters_on_the_page_then_the_pipelines_have_them():
    given = set(re.findall(r" -p (\w+)=", PAGE))
    assert given == {"data_multiplier"}
    for name in ("pipeline", "pipeline-with-vineyard", "argo-workflow", "argo-container-set", "hera-workflow"):
        workflow = yaml.safe_load((EXAMPLE / f"{name}.yaml").read_text())
        told = {each["name"]: each["value"] for each in workflow["spec"]["arguments"]["parameters"]}
        assert told == {"data_multiplier": "100", "registry": "localhost/csidriver-example"}
