"""A minimal interpreter of Argo Workflows: DAGs of containers, container sets and resources.

Fields that it does not know are an error, so that none is overlooked.
"""

import re
from collections.abc import Iterator

import yaml

from runs.cluster import Cluster, Container, Pod
from runs.run import Run, in_order, substitute

PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
SPECIFICATION = {"entrypoint", "serviceAccountName", "arguments", "volumeClaimTemplates", "volumeClaimGC", "podGC",
                 "ttlStrategy", "volumes", "templates"}  # fmt: skip
TEMPLATE = {"name", "inputs", "outputs", "metadata", "dag", "container", "containerSet", "resource", "volumes"}
CONTAINER = {"name", "image", "imagePullPolicy", "command", "args", "volumeMounts", "dependencies"}


UNITS = {"s": 1, "m": 60, "h": 3600}


def duration(text: str) -> int:
    """The seconds of a duration of one unit."""
    return int(text[:-1]) * UNITS[text[-1]]


def known(value: dict, names: set[str]) -> dict:
    assert value.keys() <= names, f"unknown fields {value.keys() - names}"
    return value


class ArgoRun(Run):
    """A Workflow that was submitted with parameters."""

    def __init__(self, cluster: Cluster, manifest: dict, number: int = 1, **parameters) -> None:
        super().__init__(cluster, f"{manifest['metadata']['generateName']}{number:05}")
        self.specification = known(manifest["spec"], SPECIFICATION)
        arguments = {each["name"]: each.get("value") for each in self.specification["arguments"]["parameters"]}
        assert parameters.keys() <= arguments.keys(), f"no parameters {parameters.keys() - arguments.keys()}"
        arguments |= {name: str(value) for name, value in parameters.items()}
        assert None not in arguments.values(), f"parameters without a value: {arguments}"
        self.arguments = arguments
        self.scope = {"workflow.name": self.name}
        self.scope |= {f"workflow.parameters.{name}": value for name, value in arguments.items()}
        self.templates = {each["name"]: known(each, TEMPLATE) for each in self.specification["templates"]}
        self.claim_strategy = self.specification.get("volumeClaimGC", {}).get("strategy", self.claim_strategy)
        collection = known(self.specification.get("podGC", {}), {"strategy", "deleteDelayDuration"})
        self.pod_strategy = collection.get("strategy")
        self.pod_seconds = duration(collection.get("deleteDelayDuration", "0s"))
        self.keep_seconds = self.specification.get("ttlStrategy", {}).get("secondsAfterCompletion")

    def advance(self) -> Iterator[str]:
        self.template_volumes = []
        for template in self.specification.get("volumeClaimTemplates", []):
            name = template["metadata"]["name"]
            self.make_template_claim(f"{self.name}-{name}", template["spec"])
            claim = {"claimName": f"{self.name}-{name}"}
            self.template_volumes.append({"name": name, "persistentVolumeClaim": claim})
        succeeded = yield from self._execute(self.specification["entrypoint"], self.arguments, self.name)
        self.end(succeeded is not None)

    def _execute(self, name: str, arguments: dict[str, str], node: str):
        """Runs a template; its value is the outputs, None when it failed."""
        template = self.templates[name]
        wanted = [each["name"] for each in template.get("inputs", {}).get("parameters", [])]
        scope = self.scope | {f"inputs.parameters.{each}": arguments[each] for each in wanted}
        if "dag" in template:
            return (yield from self._dag(template["dag"], scope, node))
        template = substitute(template, scope, PLACEHOLDER)
        if "resource" in template:
            outputs = self._resource(template)
        else:
            outputs = {} if self.run_pod(self._pod(template, scope, node)) else None
        yield node
        return outputs

    def _dag(self, dag: dict, scope: dict[str, str], node: str):
        tasks = {task["name"]: task for task in dag["tasks"]}
        needs = {name: set(task.get("dependencies", [])) for name, task in tasks.items()}
        for name, task in tasks.items():
            # Names of tasks with && between them; whatever else `depends` may say is none of ours.
            needs[name] |= set(filter(None, task.get("depends", "").split(" && ")))
        failed: set[str] = set()
        for name in in_order(needs):
            if needs[name] & failed:
                failed.add(name)
                continue
            given = tasks[name].get("arguments", {}).get("parameters", [])
            arguments = {each["name"]: substitute(each["value"], scope, PLACEHOLDER) for each in given}
            outputs = yield from self._execute(tasks[name]["template"], arguments, f"{node}-{name}")
            if outputs is None:
                failed.add(name)
            else:
                scope = scope | {f"tasks.{name}.outputs.parameters.{key}": value for key, value in outputs.items()}
        return None if failed else {}

    def _pod(self, template: dict, scope: dict[str, str], node: str) -> Pod:
        if "containerSet" in template:
            parts = {each["name"]: each for each in template["containerSet"]["containers"]}
            order = in_order({name: set(part.get("dependencies", [])) for name, part in parts.items()})
            common = template["containerSet"].get("volumeMounts", [])
            containers = [container(parts[name], common) for name in order]
        else:
            containers = [container({"name": "main", **template["container"]}, [])]
        wanted = {mount["name"] for each in containers for mount in each.mounts}
        offered = [*template.get("volumes", []), *substitute(self.specification.get("volumes", []), scope, PLACEHOLDER)]
        volumes = [volume for volume in [*offered, *self.template_volumes] if volume["name"] in wanted]
        assert {volume["name"] for volume in volumes} == wanted, f"mounted and not there: {wanted}"
        return Pod(node, containers, volumes)

    def _resource(self, template: dict) -> dict[str, str]:
        resource = template["resource"]
        assert resource["action"] == "create"
        made = yaml.safe_load(resource["manifest"])
        assert made["kind"] == "PersistentVolumeClaim"
        self.make_claim(made["metadata"]["name"], made["spec"], resource.get("setOwnerReference", False))
        paths = {"{}": resource["manifest"], "{.metadata.name}": made["metadata"]["name"],
                 "{.status.capacity.storage}": ""}  # fmt: skip
        outputs = template.get("outputs", {}).get("parameters", [])
        return {each["name"]: paths[each["valueFrom"]["jsonPath"]] for each in outputs}


def container(part: dict, mounts: list[dict]) -> Container:
    """A container of a template; its security context would be a field that is not known."""
    known(part, CONTAINER)
    assert part["imagePullPolicy"] == "IfNotPresent", "images that kind loaded are on no registry"
    return Container(
        part["name"], part["image"], part["command"] + part["args"], [*mounts, *part.get("volumeMounts", [])]
    )
