"""`vineyardctl analyze`: quiet about what the repository has, with a code for mistakes that make a run fail.

A file for each code, with the mistake and without, is in Tests/AnalysisTests.
"""

import json
import shutil
import subprocess

import pytest
import yaml

from daemon import REPOSITORY
from harness.driver import program
from runs.argo import ArgoRun
from runs.images import EXAMPLE
from test_tutorial import block


def misplaced(workflow):
    """The step that trains looks elsewhere for what preprocessing wrote."""
    template = next(each for each in workflow["spec"]["templates"] if each["name"] == "train-data")
    mount = next(each for each in template["container"]["volumeMounts"] if each["mountPath"] == "/vineyard/data")
    mount["mountPath"] = "/vineyard/objects"


def unwritable(workflow):
    """Nobody may write to the volume."""
    workflow["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = ["ReadOnlyMany"]


def findings(text):
    """Severity and code of what is found."""
    done = subprocess.run([program(), "analyze", "-o", "json", "-"], input=text, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return [(each["severity"], each["code"]) for each in json.loads(done.stdout)]


@pytest.mark.parametrize(("mistake", "code"), [(misplaced, "VY0111"), (unwritable, "VY0109")])
def test_given_a_mistake_that_makes_a_run_fail_then_it_has_a_code(cluster, mistake, code):
    workflow = yaml.safe_load((EXAMPLE / "argo-workflow.yaml").read_text())
    assert findings(yaml.safe_dump(workflow)) == []
    mistake(workflow)

    assert findings(yaml.safe_dump(workflow)) == [("error", code)]
    assert ArgoRun(cluster, workflow, data_multiplier=1).complete().phase == "Failed"


def test_given_the_command_of_the_page_then_it_finds_nothing(tmp_path):
    program_directory = tmp_path / "bin"
    program_directory.mkdir()
    (program_directory / "vineyardctl").symlink_to(shutil.which(program()) or program())
    done = subprocess.run(["bash", "-c", block("vineyardctl analyze")], cwd=REPOSITORY, capture_output=True, text=True,
                          env={"PATH": f"{program_directory}:/usr/bin:/bin"})  # fmt: skip

    files = len(list(EXAMPLE.glob("*.yaml")))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert done.stderr == f"✔ nothing found in {files} files\n"


def test_given_the_manifests_to_apply_then_there_is_nothing_to_find_either():
    files = sorted((REPOSITORY / "examples" / "kubernetes").glob("*.yaml"))
    done = subprocess.run([program(), "analyze", *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"✔ nothing found in {len(files)} files\n")
