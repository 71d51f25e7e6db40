"""Given a flag of the original, when it is used, then it is in the resource; no flag is read and forgotten."""

import json
import subprocess

import pytest

import original
from command_line import CommandLine, program

SPILL = {
    "pv-spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/spill"}},
    "pvc-spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
SPILLING = ("--vineyardd.spill.config", "spill", "--vineyardd.spill.path", "/spill")

VINEYARDD = [
    ("--name=other", "metadata.name", "other"),
    ("--replicas=2", "spec.replicas", 2),
    ("--etcd.replicas=3", "spec.etcdReplicas", 3),
    ("--etcd.storage=1Gi", "spec.etcd.storage.size", "1Gi"),
    ("--meta=local", "spec.vineyard.meta", "local"),
    ("--image=example.com/v:1", "spec.vineyard.image", "example.com/v:1"),
    ("-i=example.com/v:1", "spec.vineyard.image", "example.com/v:1"),
    ("--vineyardd.image=example.com/v:1", "spec.vineyard.image", "example.com/v:1"),
    ("--imagePullPolicy=Always", "spec.vineyard.imagePullPolicy", "Always"),
    ("--vineyardd.imagePullPolicy=Never", "spec.vineyard.imagePullPolicy", "Never"),
    ("--image-registry=mirror.example.com", "spec.imageRegistry", "mirror.example.com"),
    ("--vineyardd.syncCRDs=false", "spec.vineyard.syncCRDs", False),
    ("--vineyardd.socket=/run/{{.Name}}", "spec.vineyard.socket", "/run/{{.Name}}"),
    ("--vineyardd.size=4Gi", "spec.vineyard.size", "4Gi"),
    ("--vineyardd.reserve_memory", "spec.vineyard.reserveMemory", True),
    ("--vineyardd.streamThreshold=50", "spec.vineyard.streamThreshold", 50),
    ("--vineyardd.overwrite=delete", "spec.vineyard.overwrite", "delete"),
    ("--vineyardd.deleted_memory=keep", "spec.vineyard.deletedMemory", "keep"),
    ("--vineyardd.envs=A=1,B=x=y", "spec.vineyard.env", [{"name": "A", "value": "1"}, {"name": "B", "value": "x=y"}]),
    ("--vineyardd.memory=8Gi", "spec.vineyard.memory", "8Gi"),
    ("--vineyardd.cpu=500m", "spec.vineyard.cpu", "500m"),
    ("--vineyardd.spill.config=spill", "spec.vineyard.spill.name", "spill"),
    ("--vineyardd.spill.path=/spill", "spec.vineyard.spill.path", "/spill"),
    ("--vineyardd.spill.spillLowerRate=0.2", "spec.vineyard.spill.spillLowerRate", "0.2"),
    ("--vineyardd.spill.spillUpperRate=0.9", "spec.vineyard.spill.spillUpperRate", "0.9"),
    (
        f"--vineyardd.spill.pv-pvc-spec={json.dumps(SPILL)}",
        "spec.vineyard.spill.persistentVolumeSpec",
        SPILL["pv-spec"],
    ),
    ("--vineyardd.metric.enable", "spec.metric.enable", True),
    ("--vineyardd.metric.image=m:1", "spec.metric.image", "m:1"),
    ("--vineyardd.metric.imagePullPolicy=Never", "spec.metric.imagePullPolicy", "Never"),
    ("--vineyardd.allowClusterScope", "spec.allowClusterScope", True),
    ("--vineyardd.service.type=NodePort", "spec.service.type", "NodePort"),
    ("--vineyardd.service.port=9700", "spec.service.port", 9700),
    ("--vineyardd.volume.pvcname=claim", "spec.volume.pvcName", "claim"),
    ("--vineyardd.volume.mountPath=/mnt/v", "spec.volume.mountPath", "/mnt/v"),
    ("--pluginImage.backupImage=b:1", "spec.pluginImage.backupImage", "b:1"),
    ("--pluginImage.recoverImage=b:1", "spec.pluginImage.recoverImage", "b:1"),
    ("--pluginImage.daskRepartitionImage=b:1", "spec.pluginImage.daskRepartitionImage", "b:1"),
    ("--pluginImage.localAssemblyImage=b:1", "spec.pluginImage.localAssemblyImage", "b:1"),
    ("--pluginImage.distributedAssemblyImage=b:1", "spec.pluginImage.distributedAssemblyImage", "b:1"),
    ('--securityContext={"privileged": true}', "spec.securityContext", {"privileged": True}),
    ('--volume=[{"name": "v", "emptyDir": {}}]', "spec.volumes", [{"name": "v", "emptyDir": {}}]),
    ('--volumeMount=[{"name": "v", "mountPath": "/v"}]', "spec.volumeMounts", [{"name": "v", "mountPath": "/v"}]),
    ("-n=data", "metadata.namespace", "data"),
]
# Flags that make no sense without others.
COMPANIONS = {
    "spill": SPILLING,
    "volume.": ("--vineyardd.volume.pvcname=claim", "--vineyardd.volume.mountPath=/mnt/v"),
    "volumeMount": ('--volume=[{"name": "v", "emptyDir": {}}]',),
}
CSIDRIVER = [
    ("--name=other", "metadata.name", "other"),
    ("--clusters=a/b,c/d", "spec.clusters", [{"namespace": "a", "name": "b"}, {"namespace": "c", "name": "d"}]),
    ("--image=example.com/v:1", "spec.image", "example.com/v:1"),
    ("-i=example.com/v:1", "spec.image", "example.com/v:1"),
    ("--imagePullPolicy=Always", "spec.imagePullPolicy", "Always"),
    ("--image-registry=mirror.example.com", "spec.imageRegistry", "mirror.example.com"),
    ("--storageClassName=fast", "spec.storageClassName", "fast"),
    ("-s=fast", "spec.storageClassName", "fast"),
    ("--volumeBindingMode=Immediate", "spec.volumeBindingMode", "Immediate"),
    ("-m=Immediate", "spec.volumeBindingMode", "Immediate"),
    ("--enableToleration", "spec.enableToleration", True),
    ("--provisionerImage=p:1", "spec.sidecar.provisionerImage", "p:1"),
    ("--resizerImage=p:1", "spec.sidecar.resizerImage", "p:1"),
    ("--attacherImage=p:1", "spec.sidecar.attacherImage", "p:1"),
    ("--nodeRegistrarImage=p:1", "spec.sidecar.nodeRegistrarImage", "p:1"),
    ("--livenessProbeImage=p:1", "spec.sidecar.livenessProbeImage", "p:1"),
    ("--sidecar.imagePullPolicy=Never", "spec.sidecar.imagePullPolicy", "Never"),
    ("--sidecar.enableTopology=false", "spec.sidecar.enableTopology", False),
    ("--verbose", "spec.enableVerboseLog", True),
    ("--scope=cluster", "spec.scope", "cluster"),
    ("--on-delete=retain", "spec.onDelete", "retain"),
    ("--kubelet-directory=/var/k", "spec.kubeletDirectory", "/var/k"),
    ("--controller.replicas=2", "spec.replicas", 2),
]


@pytest.fixture
def render(tmp_path):
    """The objects of a deployment that no cluster is asked about."""
    command = CommandLine(None, tmp_path)

    def objects(*arguments, **more):
        return json.loads(command(*arguments, "--dry-run=client", "-o", "json", **more).output)["items"]

    return objects


def at(obj, path):
    for key in path.split("."):
        obj = obj[key]
    return obj


def of_kind(objects, kind):
    return next(obj for obj in objects if obj["kind"] == kind)


@pytest.mark.parametrize("target", ["vineyardd", "vineyard-cluster"])
@pytest.mark.parametrize("flag, path, value", VINEYARDD, ids=[flag.split("=")[0] for flag, _, _ in VINEYARDD])
def test_given_a_flag_of_a_cluster_when_deployed_then_it_is_in_the_resource(render, target, flag, path, value):
    companions = [word for part, words in COMPANIONS.items() if part in flag for word in words]

    resource = of_kind(render("deploy", target, *companions, flag), "Vineyardd")

    assert at(resource, path) == value


@pytest.mark.parametrize("flag, path, value", CSIDRIVER, ids=[flag.split("=")[0] for flag, _, _ in CSIDRIVER])
def test_given_a_flag_of_a_driver_when_deployed_then_it_is_in_the_resource(render, flag, path, value):
    clusters = () if flag.startswith("--clusters") else ("--clusters=a/b",)

    assert at(of_kind(render("deploy", "csidriver", *clusters, flag), "CSIDriver"), path) == value


@pytest.mark.parametrize("command", ["vineyardd", "vineyard-deployment", "csidriver", "operator", "vineyard-cluster"])
def test_given_the_flags_of_the_original_when_compared_then_none_is_missing(command):
    def flags(path):
        done = subprocess.run([path, "-j"], capture_output=True, text=True, check=True)
        usage = json.loads(done.stdout or done.stderr)
        for word in ("deploy", command):
            usage = next(child for child in usage["Children"] if child["Name"] == word)
        return {flag["Name"] for flag in usage["Flags"] + usage["GlobalFlags"]}

    if not original.program().exists():
        pytest.skip("the package brings no program for this machine")
    # Leaks from the scheduler that the original links, which nobody could have used.
    assert flags(original.program()) - flags(program()) - {"x-version"} == set()


def test_given_flags_of_plain_workloads_when_deployed_then_they_are_in_the_workloads(render):
    objects = render(
        "deploy",
        "vineyard-deployment",
        "--name=plain",
        "-n=data",
        "--replicas=2",
        "--etcd.replicas=3",
        "--vineyardd.image=v:1",
        "--vineyardd.imagePullPolicy=Always",
        "--vineyardd.size=1Gi",
        "--vineyardd.reserve_memory",
        "--vineyardd.streamThreshold=50",
        "--vineyardd.envs=A=1",
        "--vineyardd.cpu=2",
        "--vineyardd.memory=3Gi",
        "--vineyardd.service.port=9700",
        "--vineyardd.service.type=NodePort",
        *SPILLING,
        f"--vineyardd.spill.pv-pvc-spec={json.dumps(SPILL)}",
        '--securityContext={"runAsUser": 7}',
        '--volume=[{"name": "more", "emptyDir": {}}]',
        '--volumeMount=[{"name": "more", "mountPath": "/more"}]',
        '--owner-references=[{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}]',
    )

    stores = of_kind(objects, "Deployment")
    assert (stores["metadata"]["name"], stores["metadata"]["namespace"], stores["spec"]["replicas"]) == (
        "plain",
        "data",
        2,
    )
    pod = stores["spec"]["template"]["spec"]
    (store,) = pod["containers"]
    assert (store["image"], store["imagePullPolicy"]) == ("v:1", "Always")
    assert {
        "--size=1Gi",
        "--reserve_memory=true",
        "--stream_threshold=50",
        "--spill_path=/spill",
        "--spill_lower_rate=0.3",
        "--spill_upper_rate=0.8",
    } <= set(store["args"])
    assert {"name": "A", "value": "1"} in store["env"]
    for kind in ("requests", "limits"):
        assert (store["resources"][kind]["cpu"], store["resources"][kind]["memory"]) == ("2", "3Gi")
    assert store["securityContext"]["runAsUser"] == 7
    assert {"name": "more", "mountPath": "/more"} in store["volumeMounts"]
    assert {"more", "spill"} <= {volume["name"] for volume in pod["volumes"]}
    assert of_kind(objects, "StatefulSet")["spec"]["replicas"] == 3
    assert of_kind(objects, "PersistentVolumeClaim")["spec"]["resources"] == SPILL["pvc-spec"]["resources"]
    assert of_kind(objects, "PersistentVolume")["spec"]["hostPath"]["path"] == "/spill"
    rpc = next(obj for obj in objects if obj["metadata"]["name"] == "plain-rpc")
    assert (rpc["spec"]["type"], rpc["spec"]["ports"][0]["port"]) == ("NodePort", 9700)
    assert all(obj["metadata"]["ownerReferences"][0]["uid"] == "u" for obj in objects)


def test_given_flags_of_the_operator_when_deployed_then_they_are_in_its_deployment(render):
    manager = of_kind(
        render("deploy", "operator", "--operator.replicas=2", "--image=o:1", "--imagePullPolicy=Always", "--verbose"),
        "Deployment",
    )

    assert manager["spec"]["replicas"] == 2
    for container in manager["spec"]["template"]["spec"]["containers"]:
        assert (container["image"], container["imagePullPolicy"]) == ("o:1", "Always")
        assert "--verbose" in container["args"]
