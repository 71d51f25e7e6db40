"""A cluster of one node: claims, pods, and which claim goes when.

Volumes are made, published and deleted by the real driver, on a real store; containers run their real commands. What
Kubernetes does in between is here, as much as the pipelines need:

* A claim gets its volume when the first pod uses it (WaitForFirstConsumer), and that pod's node is this one.
* A claim that is deleted stays, terminating, as long as any pod names it, also one that has ended
  (kubernetes.io/pvc-protection). Then its volume is deleted. Nobody makes another claim of its name before.
* The claim of a generic ephemeral volume belongs to its pod, and a claim with an owner goes when the owner goes.
"""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from apiserver import quantity
from harness.node import NAME_KEY, NAMESPACE_KEY, capability
from runs import images

NAMESPACE, STORE = "vineyard-system", "vineyardd-sample"
# What `deploy csidriver --clusters vineyard-system/vineyardd-sample` makes.
CLASSES = {f"{NAMESPACE}.{STORE}.csi": {NAMESPACE_KEY: NAMESPACE, NAME_KEY: STORE}}
MODES = {"ReadWriteOnce": "SINGLE_NODE_WRITER", "ReadWriteMany": "MULTI_NODE_MULTI_WRITER",
         "ReadOnlyMany": "MULTI_NODE_READER_ONLY", "ReadWriteOncePod": "SINGLE_NODE_SINGLE_WRITER"}  # fmt: skip
LIMIT = 150
CONTAINER = Path(__file__).with_name("container.py")


@dataclass
class Container:
    """One container of a pod, as the API has it."""

    name: str
    image: str
    command: list[str]
    mounts: list[dict]
    user: int | None = None


@dataclass
class Pod:
    """A pod: its containers run one after the other, as init containers and dependent containers do."""

    name: str
    containers: list[Container]
    volumes: list[dict]
    owner: str | None = None
    succeeded: bool | None = None
    log: str = ""
    commands: list[list[str]] = field(default_factory=list)

    def claims(self) -> set[str]:
        """The names of the claims that it names or has."""
        named = {v["persistentVolumeClaim"]["claimName"] for v in self.volumes if "persistentVolumeClaim" in v}
        return named | {f"{self.name}-{v['name']}" for v in self.volumes if "ephemeral" in v}


@dataclass
class Claim:
    """A claim; of a directory of the node, or of the driver."""

    name: str
    owner: str | None = None
    specification: dict = field(default_factory=dict)
    directory: Path | None = None
    volume: object = None
    is_terminating: bool = False

    @property
    def mode(self) -> str:
        return MODES[self.specification["accessModes"][0]]


class Cluster:
    """Claims and pods of one namespace. The node has a store and a driver."""

    def __init__(self, node, data: Path) -> None:
        self.node = node
        self.claims = {"benchmark-data": Claim("benchmark-data", directory=data)}
        self.pods: list[Pod] = []
        self.broken: set[str] = set()
        """Programs that end with status 1."""

    # Claims

    def create_claim(self, name: str, specification: dict, owner: str | None = None) -> None:
        assert name not in self.claims, f"persistentvolumeclaims {name!r} already exists"
        assert specification["storageClassName"] in CLASSES, f"no class {specification['storageClassName']}"
        assert specification["accessModes"] and set(specification["accessModes"]) <= MODES.keys()
        assert self._size(specification) > 0
        self.claims[name] = Claim(name, owner, specification)

    @staticmethod
    def _size(specification: dict) -> Fraction:
        return quantity.parse(specification["resources"]["requests"]["storage"])

    def delete_claim(self, name: str) -> None:
        self.claims[name].is_terminating = True
        self._collect()

    def _collect(self) -> None:
        """Lets the claims go that are deleted and that no pod names."""
        in_use = {name for pod in self.pods for name in pod.claims()}
        for claim in [*self.claims.values()]:
            if claim.is_terminating and claim.name not in in_use:
                if claim.volume is not None:
                    self.node.delete(claim.volume)
                del self.claims[claim.name]

    def _volume(self, claim: Claim):
        """What the provisioner does when a pod with the claim is placed on the node."""
        if claim.volume is None:
            parameters = {**CLASSES[claim.specification["storageClassName"]],
                          "csi.storage.k8s.io/pvc/name": claim.name,
                          "csi.storage.k8s.io/pvc/namespace": "kubeflow"}  # fmt: skip
            claim.volume = self.node.driver.call(
                "CreateVolume", name=f"pvc-{uuid.uuid4()}", parameters=parameters,
                capacity_range={"required_bytes": int(self._size(claim.specification))},
                volume_capabilities=[capability(claim.mode)]).volume  # fmt: skip
        return claim.volume

    # Pods

    def run(self, pod: Pod) -> Pod:
        """Runs a pod to its end. It stays, as pods do, until it is deleted."""
        self.pods.append(pod)
        for volume in pod.volumes:
            if "ephemeral" in volume:
                template = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
                self.create_claim(f"{pod.name}-{volume['name']}", template, owner=pod.name)
        published = {volume["name"]: self._publish(pod, volume) for volume in pod.volumes}
        try:
            for container in pod.containers:
                pod.succeeded = self._run(pod, container, published)
                if not pod.succeeded:
                    break
        finally:
            for claim, source, _ in published.values():
                if claim.volume is not None:
                    self.node.unpublish(claim.volume, source)
        return pod

    def _publish(self, pod: Pod, volume: dict):
        """What the kubelet does with a volume of a pod: its claim, where it is on the node, whether it is read-only."""
        source = volume.get("persistentVolumeClaim", {})
        claim = self.claims[source.get("claimName") or f"{pod.name}-{volume['name']}"]
        assert not claim.is_terminating, f"claim {claim.name} is being deleted"
        read_only = source.get("readOnly", False)
        if claim.directory is not None:
            return claim, claim.directory, read_only
        made = self._volume(claim)
        name = f"{pod.name}-{volume['name']}"
        return claim, self.node.publish(made, name, mode=claim.mode, readonly=read_only), read_only

    def _run(self, pod: Pod, container: Container, published: dict) -> bool:
        registry, _, _ = container.image.rpartition("/")
        program = images.built(registry)[container.image]
        mounts = []
        for mount in container.mounts:
            assert mount.get("subPath", "") == "", "a volume has no directories"
            _, source, read_only = published[mount["name"]]
            read_only = read_only or mount.get("readOnly", False)
            mounts.append({"source": str(source), "path": mount["mountPath"], "read_only": read_only})
        bare, programs = images.without_programs()
        root = self.node.directory / f"root-{len(pod.commands)}-{pod.name}"
        root.mkdir()
        command = ["false"] if program.name in self.broken else container.command
        specification = {
            "root": str(root), "files": {f"/{program.name}": str(program), programs: bare}, "mounts": mounts, "command": command,
            "user": images.user() if container.user is None else container.user,
            "prefixes": sorted({sys.prefix, sys.base_prefix}),
            "environment": {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": "/tmp", "APP": program.name,
                            "PYTHONDONTWRITEBYTECODE": "1", **_processor()},
        }  # fmt: skip
        done = subprocess.run([sys.executable, "-B", str(CONTAINER), json.dumps(specification)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)  # fmt: skip
        pod.log += done.stdout
        pod.commands.append(container.command)
        root.rmdir()
        return done.returncode == 0

    def delete_pods(self, pods: list[Pod]) -> None:
        """Deletes pods, and with them the claims that are theirs."""
        for pod in pods:
            self.pods.remove(pod)
            self.delete_owned(pod.name)
        self._collect()

    def delete_owned(self, owner: str) -> None:
        """What the garbage collector does for an owner that is gone."""
        for claim in self.claims.values():
            claim.is_terminating |= claim.owner == owner
        self._collect()

    # What there is

    def made_claims(self) -> set[str]:
        return {claim.name for claim in self.claims.values() if claim.directory is None}

    def volumes(self) -> dict[str, dict]:
        """The volumes that the store has, by the names of their claims."""
        return {record["attributes"]["csi.storage.k8s.io/pvc/name"]: record for record in self.node.records().values()}


def _processor() -> dict[str, str]:
    """Settings without which numpy computes wrong on some processors."""
    return {key: value for key, value in os.environ.items() if key.startswith("OPENBLAS_")}
