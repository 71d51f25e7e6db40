"""A container of a pod's manifest, made as the kubelet makes it."""

import base64
import os
import re
import subprocess
from pathlib import Path

from container import Process

# Bytes of the node that pods may have.
NODE_MEMORY = 4 << 30


class Pod:
    """One pod: its volumes are made once, and its containers share them."""

    def __init__(
        self,
        manifests: dict,
        workload: tuple[str, str],
        directory: Path,
        image: dict,
        volumes: dict[str, Path] | None = None,
    ):
        """`image` is the configuration of the image; `volumes` are directories the test gives, by name."""
        self._manifests = manifests
        self._spec = manifests[workload]["spec"]["template"]["spec"]
        self._image = image
        self._fields = {
            "spec.nodeName": "node-1",
            "metadata.name": "pod-1",
            "metadata.namespace": "vineyard-system",
            "metadata.uid": "4711",
            "status.podIP": "127.0.0.1",
        }
        self.volumes = dict(volumes or {})
        for volume in self._spec.get("volumes", ()):
            if volume["name"] not in self.volumes:
                self.volumes[volume["name"]] = self._make(volume, directory / volume["name"])

    def container(self, name: str) -> dict:
        """The manifest of a container."""
        return next(container for container in self._spec["containers"] if container["name"] == name)

    def process(self, name: str, **environment: str) -> Process:
        """What the runtime is told to run for a container."""
        container = self.container(name)
        rights = {**self._spec.get("securityContext", {}), **container.get("securityContext", {})}
        default_user, default_group = (int(number) for number in self._image["User"].split(":"))
        user = rights.get("runAsUser", default_user)
        assert not (rights.get("runAsNonRoot") and user == 0), "the kubelet refuses root"
        variables = dict(entry.split("=", 1) for entry in self._image["Env"])
        for entry in container.get("env", ()):
            variables[entry["name"]] = self._value(entry, variables)
        variables.update(environment)
        command = container.get("command", self._image["Entrypoint"])
        dropped = "ALL" in rights.get("capabilities", {}).get("drop", ())
        return Process(
            arguments=[_expand(word, variables) for word in [*command, *container.get("args", ())]],
            user=user,
            group=rights.get("runAsGroup", default_group if "runAsUser" not in rights else 0),
            environment=variables,
            additional_groups=(rights["fsGroup"],) if "fsGroup" in rights else (),
            read_only=rights.get("readOnlyRootFilesystem", False),
            privileged=rights.get("privileged", False),
            may_gain_privileges=rights.get("allowPrivilegeEscalation", True),
            mounts={
                mount["mountPath"]: (self.volumes[mount["name"]], mount.get("readOnly", False))
                for mount in container.get("volumeMounts", ())
            },
            **({"capabilities": ()} if dropped else {}),
        )

    def _value(self, entry, variables):
        if "resourceFieldRef" in entry.get("valueFrom", ()):
            # What the kubelet tells of a container without a limit is what its node has for pods.
            return str(NODE_MEMORY)
        if "valueFrom" in entry:
            return self._fields[entry["valueFrom"]["fieldRef"]["fieldPath"]]
        return _expand(entry.get("value", ""), variables)

    def _make(self, volume, path: Path) -> Path:
        path.mkdir(parents=True)
        if "emptyDir" in volume:
            if volume["emptyDir"].get("medium") == "Memory":
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
            group = self._spec.get("securityContext", {}).get("fsGroup")
            os.chown(path, 0, 0 if group is None else group)
            path.chmod(0o777 if group is None else 0o2777)
        elif "secret" in volume:
            self._write_secret(volume["secret"], path)
        else:
            assert volume["hostPath"]["type"] in ("DirectoryOrCreate", "Directory"), volume
        return path

    def _write_secret(self, volume, path: Path):
        secret = self._manifests.get(("Secret", volume["secretName"]), {})
        assert secret or volume.get("optional"), volume
        for name, value in secret.get("data", {}).items():
            (path / name).write_bytes(base64.b64decode(value))
            (path / name).chmod(volume["defaultMode"])


def _expand(word, variables):
    return re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda match: variables.get(match[1], match[0]), word)
