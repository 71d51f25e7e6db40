"""The pipelines of examples/kubeflow as they are submitted, and the Job that prepares their data."""

import importlib

import yaml
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

from runs.argo import ArgoRun
from runs.cluster import Cluster, Container, Pod
from runs.images import EXAMPLE
from runs.kfp import KubeflowRun
from runs.run import Run

ALONE = ("pipeline-with-vineyard", "pipeline-kfp-v2-with-vineyard")
"""Those that keep the original's /data/model.pkl and /data/output.txt: one run at a time."""
TOGETHER = ("pipeline-kfp-v2-workspace", "argo-workflow", "argo-container-set", "hera-workflow")
"""Those whose runs have a directory each."""
FREED_AFTER = {"pipeline-with-vineyard": 3600, "pipeline-kfp-v2-with-vineyard": 3600, "pipeline-kfp-v2-workspace": 3600,
               "argo-workflow": 600, "argo-container-set": 600, "hera-workflow": 600}  # fmt: skip
"""Seconds from the end of a run until its memory is free, as the tutorial says."""
READS = {"pipeline-with-vineyard": 2, "argo-workflow": 2, "hera-workflow": 2}
"""How many of their steps mount the volume read-only. Kubeflow 2 and containers of one pod can't."""


def submit(name: str, cluster: Cluster, number: int = 1, **parameters) -> Run:
    """A run of a pipeline, by the name of its file."""
    text = (EXAMPLE / f"{name}.yaml").read_text()
    if "-kfp-v2" in name:
        return KubeflowRun(cluster, text, number, **parameters)
    return ArgoRun(cluster, yaml.safe_load(text), number, **parameters)


def manifests() -> dict[str, dict]:
    """The objects of prepare-data.yaml, by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((EXAMPLE / "prepare-data.yaml").read_text())}


def job_pod(*multipliers: str) -> Pod:
    """The pod of the Job, making other tables than its own."""
    specification = manifests()["Job"]["spec"]["template"]["spec"]
    [main] = specification["containers"]
    assert main["args"][0] == "--data_multiplier"
    main["args"] = ["--data_multiplier", *multipliers]
    containers = [
        Container(each["name"], each["image"], each["command"] + each.get("args", []), each["volumeMounts"],
                  each.get("securityContext", {}).get("runAsUser"))
        for each in [*specification["initContainers"], main]
    ]  # fmt: skip
    return Pod("prepare-data", containers, specification["volumes"])


def model_error(multiplier: int) -> str:
    """What the four steps come to, done in one program by their own functions."""
    prepare, preprocess, train = (importlib.import_module(name) for name in ("prepare-data", "preprocess", "train"))
    known, unknown = preprocess.split(prepare.make_table(multiplier, seed=42), seed=42)
    model = LinearRegression(copy_X=False).fit(train.numbers(known.iloc[:, :-1]), known["SalePrice"])
    return repr(float(mean_squared_error(unknown["SalePrice"], model.predict(train.numbers(unknown.iloc[:, :-1])))))
