"""A minimal interpreter of Kubeflow's pipeline specification (IR, schema 2.1.0): what its compiler and drivers make of it.

After kubeflow/pipelines, backend/src/v2: `argocompiler/argo.go` (the Workflow, its claim template, its TTL),
`driver/resolve.go` (what a task is given), `driver/driver.go` (the pod), `driver/k8s.go` (CreatePVC, DeletePVC, mounts).
Drivers and launchers are pods, too, but mount nothing of ours; they are left out.
"""

import re
from collections.abc import Iterator

import yaml

from runs.cluster import Cluster, Container, Pod
from runs.run import Run, in_order, substitute

INPUT = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")
WORKSPACE, WORKSPACE_PATH = "{{$.workspace_path}}", "/kfp-workspace"
AT_LAST = "ALL_UPSTREAM_TASKS_COMPLETED"


class KubeflowRun(Run):
    """A run of an uploaded pipeline, with parameters."""

    def __init__(self, cluster: Cluster, package: str, number: int = 1, **parameters) -> None:
        documents = list(yaml.safe_load_all(package))
        self.pipeline = documents[0]
        self.platform = documents[1]["platforms"]["kubernetes"]
        assert self.pipeline["schemaVersion"] == "2.1.0"
        super().__init__(cluster, f"{self.pipeline['pipelineInfo']['name']}-{number:05}")
        known = self.pipeline["root"]["inputDefinitions"]["parameters"]
        assert parameters.keys() <= known.keys(), f"no parameters {parameters.keys() - known.keys()}"
        self.parameters = {name: parameters.get(name, each.get("defaultValue")) for name, each in known.items()}
        self.executors = self.pipeline["deploymentSpec"]["executors"]
        configuration = self.platform.get("pipelineConfig", {})
        assert configuration.keys() <= {"workspace", "resourceTtlOnCompletion"}
        self.workspace = configuration.get("workspace")
        self.keep_seconds = configuration.get("resourceTtlOnCompletion")

    def advance(self) -> Iterator[str]:
        if self.workspace:
            requests = {"requests": {"storage": self.workspace["size"]}}
            specification = {**self.workspace["kubernetes"]["pvcSpecPatch"], "resources": requests}
            self.make_template_claim(f"{self.name}-kfp-workspace", specification)
        succeeded = yield from self._dag(self.pipeline["root"]["dag"], self.parameters)
        self.end(succeeded)

    def _dag(self, dag: dict, parameters: dict):
        tasks = dag["tasks"]
        outputs: dict[tuple[str, str], str] = {}
        failed: set[str] = set()
        for name in in_order({name: self._needs(task) for name, task in tasks.items()}):
            task = tasks[name]
            waits_for_all = task.get("triggerPolicy", {}).get("strategy") == AT_LAST
            if self._needs(task) & failed and not waits_for_all:
                failed.add(name)
                continue
            given = task.get("inputs", {}).get("parameters", {})
            inputs = {key: self._resolve(value, parameters, outputs) for key, value in given.items()}
            component = self.pipeline["components"][task["componentRef"]["name"]]
            if "dag" in component:
                succeeded = yield from self._dag(component["dag"], inputs)
            else:
                made = yield from self._execute(name, task, component["executorLabel"], inputs, outputs)
                succeeded = made is not None
                outputs |= {(name, key): value for key, value in (made or {}).items()}
            if not succeeded:
                failed.add(name)
        return not failed

    @staticmethod
    def _needs(task: dict) -> set[str]:
        given = task.get("inputs", {}).get("parameters", {}).values()
        produced = {each["taskOutputParameter"]["producerTask"] for each in given if "taskOutputParameter" in each}
        return produced | set(task.get("dependentTasks", []))

    def _resolve(self, value: dict, parameters: dict, outputs: dict):
        """What a task is given for a parameter. A placeholder counts only as the whole text, but for the workspace's."""
        [(kind, what)] = value.items()
        if kind == "componentInputParameter":
            return parameters[what]
        if kind == "taskOutputParameter":
            return outputs[what["producerTask"], what["outputParameterKey"]]
        constant = what["constant"]
        if isinstance(constant, str):
            if WORKSPACE in constant:
                return constant.replace(WORKSPACE, WORKSPACE_PATH)
            return {"{{$.pipeline_job_resource_name}}": self.name}.get(constant, constant)
        return constant

    def _execute(self, name: str, task: dict, label: str, inputs: dict, outputs: dict):
        assert not task.get("cachingOptions", {}).get("enableCache"), f"{name} may be skipped: its volume is gone"
        container = self.executors[label]["container"]
        made: dict[str, str] = {}
        if container["image"] == "argostub/createpvc":
            self.make_claim(inputs["pvc_name"], self._claim(inputs), is_owned=False)
            made["name"] = inputs["pvc_name"]
        elif container["image"] == "argostub/deletepvc":
            self.cluster.delete_claim(inputs["pvc_name"])
        elif not self.run_pod(self._pod(name, label, container, inputs, outputs)):
            made = None
        yield name
        return made

    @staticmethod
    def _claim(inputs: dict) -> dict:
        return {"accessModes": inputs["access_modes"], "storageClassName": inputs["storage_class_name"],
                "resources": {"requests": {"storage": inputs["size"]}}}  # fmt: skip

    def _pod(self, name: str, label: str, container: dict, inputs: dict, outputs: dict) -> Pod:
        platform = self.platform["deploymentSpec"]["executors"][label]
        assert platform.keys() <= {"pvcMount", "imagePullPolicy"}, platform.keys()
        assert platform["imagePullPolicy"] == "IfNotPresent", "images that kind loaded are on no registry"
        volumes, mounts = [], []
        for number, mount in enumerate(platform["pvcMount"]):
            claim = self._resolve(mount["pvcNameParameter"], inputs, outputs)
            volumes.append({"name": f"volume-{number}", "persistentVolumeClaim": {"claimName": claim}})
            mounts.append({"name": f"volume-{number}", "mountPath": mount["mountPath"]})
        if any(isinstance(value, str) and WORKSPACE_PATH in value for value in inputs.values()):
            claim = {"claimName": f"{self.name}-kfp-workspace"}
            volumes.append({"name": "kfp-workspace", "persistentVolumeClaim": claim})
            mounts.append({"name": "kfp-workspace", "mountPath": WORKSPACE_PATH})
        scope = {key: text(value) for key, value in inputs.items()}
        command = substitute([*container["command"], *container["args"]], scope, INPUT)
        image = substitute(container["image"], scope, INPUT)
        assert not [word for word in [image, *command] if "{{" in word]
        return Pod(f"{self.name}-{name}", [Container("main", image, command, mounts)], volumes)


def text(value) -> str:
    """A parameter as the launcher writes it into a command: numbers that are whole without a fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
