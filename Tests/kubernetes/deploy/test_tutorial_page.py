"""docs/tutorial.md: its blocks of commands, executed in turn from deploying to cleaning up.

`vineyardctl`, `kubectl` and `make` are the real ones. Stand-ins take the place of what no machine has without a network:
each checks that what it is given is there.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from command_line import program
from snapshot import everything
from waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
ELSEWHERE = {
    "swift build": "minutes; scripts/test builds the same way",
    "examples/kubeflow/compare": "Tests/kubeflow/test_tutorial.py, with logs of runs",
    "make -C examples/kubeflow compile": "Tests/kubeflow/test_compiled.py, with the SDKs",
    "kubectl logs": "Tests/kubeflow/test_compare.py, with such a log; NAME is the reader's",
    "vineyardctl analyze": "Tests/kubeflow/test_analyze.py",
}
"""Blocks that are not executed here, by how they begin, and why."""

STAND_INS = {
    "scripts/image": '[[ $* = "--output oci-archive" ]] && touch vineyardctl-9.8.7.tar',
    "bin/kind": """case "$1 $2" in
  "load image-archive") [[ -f $3 && $# = 3 ]] ;;
  "load docker-image") for image in "${@:5}"; do grep -qx -- "$image" "$HOME/built"; done ;;
  *) exit 1 ;;
esac""",
    "bin/docker": """case $1 in
  build) [[ -f steps/${3#APP=} ]] && echo "$5" >>"$HOME/built" ;;
  push) grep -qx -- "$2" "$HOME/built" ;;
  *) exit 1 ;;
esac""",
    "bin/argo": """[[ "$2 $3" = "-n kubeflow" ]]
case $1 in
  submit) [[ $4 = --wait && -f $5 && $6 = -p ]] && echo "$5" >>submitted ;;
  logs) [[ ${*: -1} = @latest ]] ;;
  delete) [[ $4 = @latest || $4 = --all ]] ;;
  *) exit 1 ;;
esac""",
}


def executed():
    """The blocks that run here, in the order of the page."""
    return [block for block in BLOCKS if not block.startswith(tuple(ELSEWHERE))]


def test_given_the_page_then_each_block_runs_here_or_somewhere_else():
    assert len(executed()) == len(BLOCKS) - len(ELSEWHERE) > 5
    for beginning in ELSEWHERE:
        assert sum(block.startswith(beginning) for block in BLOCKS) == 1, beginning


def pods_of_the_page(pods):
    """Whether there are the pods of the page's table, each with as many containers ready as it says, and no others."""
    rows = re.findall(r"^\| `([\w-]+)…?`[^|]*\| (\d)/(\d)", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for prefix, ready, containers in sorted(rows, key=lambda row: -len(row[0])):
        found = [pod for pod in pods if pod["metadata"]["name"].startswith(prefix)]
        assert found, prefix
        for pod in found:
            assert len(pod["spec"]["containers"]) == int(containers), prefix
            assert sum(status["ready"] for status in pod["status"]["containerStatuses"]) == int(ready), prefix
        pods = [pod for pod in pods if pod not in found]
    return not pods


@pytest.mark.double_only(reason="pods of the tutorial's Job end at once only there")
def test_given_a_cluster_when_the_page_is_followed_from_the_beginning_then_it_is_as_before_in_the_end(
    cluster, tmp_path
):
    for name in ("bin", "scripts"):
        (tmp_path / name).mkdir()
    for name, text in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\nset -eu\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "bin" / "vineyardctl").symlink_to(Path(program()).resolve())
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    cluster.image("localhost/csidriver-example/prepare-data", "Succeed")
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "KUBECONFIG": str(cluster.kubeconfig)
    }  # fmt: skip
    before = everything(cluster.client)

    reached = {}
    for block in executed():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        reached[block] = everything(cluster.client) - before
        if "vineyardctl status" in block:
            assert pods_of_the_page(cluster.client.get("/api/v1/namespaces/vineyard-system/pods").json["items"])

    deployed, prepared = (
        next(made for block, made in reached.items() if word in block) for word in ("check --pre", "rbac")
    )
    assert "storageclasses /vineyard-system.vineyardd-sample.csi" in deployed
    assert {"persistentvolumeclaims kubeflow/benchmark-data", "serviceaccounts kubeflow/pipeline-runner"} <= prepared
    assert len((tmp_path / "submitted").read_text().split()) == 4
    eventually(lambda: everything(cluster.client) == before, "the cluster is as before")
