"""Deploying again changes what flags name now, and leaves everything else as it was deployed."""

import json
import shlex

import pytest
from test_deploy_flags import CSIDRIVER, SPILL

from deployments import APPS, CLASSES, CLUSTER, DRIVER, NAMESPACE, OURS, VINEYARDDS, exists
from terminal import on_terminal, screen

RESOURCE = f"{VINEYARDDS}/vineyardd-sample"
DRIVER_RESOURCE = f"{OURS}/csidrivers/csidriver-sample"
STORES = f"{APPS}/deployments/vineyardd-sample"
MANAGER = f"{APPS}/deployments/vineyard-controller-manager"
FLAGS = ("--vineyardd.size", "1Gi", "--vineyardd.envs", "A=b")
EVERYTHING = (
    "--etcd.replicas=3",
    "--imagePullPolicy=Always",
    "--image=example.com/v:1",
    "--vineyardd.syncCRDs=false",
    "--vineyardd.socket=/run/{{.Name}}",
    "--vineyardd.size=1Gi",
    "--vineyardd.reserve_memory",
    "--vineyardd.streamThreshold=50",
    "--vineyardd.envs=A=1,B=x=y",
    "--vineyardd.memory=8Gi",
    "--vineyardd.cpu=500m",
    "--vineyardd.spill.config=spill",
    "--vineyardd.spill.path=/spill",
    "--vineyardd.spill.spillLowerRate=0.2",
    "--vineyardd.spill.spillUpperRate=0.9",
    f"--vineyardd.spill.pv-pvc-spec={json.dumps(SPILL)}",
    "--vineyardd.metric.enable",
    "--vineyardd.metric.image=m:1",
    "--vineyardd.service.type=NodePort",
    "--vineyardd.service.port=9700",
    "--pluginImage.backupImage=b:1",
    '--securityContext={"runAsUser": 7}',
    '--volume=[{"name": "v", "emptyDir": {}}]',
    '--volumeMount=[{"name": "v", "mountPath": "/v"}]',
    "--image-registry=mirror.example.com",
)


def spec(cluster, path=RESOURCE):
    return cluster.client.get(path).json["spec"]


def store(cluster):
    return spec(cluster, STORES)["template"]["spec"]["containers"][0]


def test_size_and_environment_stay(cluster, vineyardctl):
    vineyardctl(*CLUSTER, *FLAGS)
    before = cluster.client.get(STORES).json["metadata"]["generation"]

    run = vineyardctl(*CLUSTER)

    assert spec(cluster)["vineyard"]["size"] == "1Gi"
    assert spec(cluster)["vineyard"]["env"] == [{"name": "A", "value": "b"}]
    assert cluster.client.get(STORES).json["metadata"]["generation"] == before, "no store is replaced"
    assert (
        "► as deployed before: --vineyardd.envs A=b, --vineyardd.size 1Gi (--reset FLAG goes back to the default)"
        in run.lines
    )


def test_every_flag_of_a_cluster_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER, *EVERYTHING, "--wait=false")
    before = spec(cluster)

    vineyardctl("deploy", "vineyard-cluster", "--wait=false", "--yes")

    assert spec(cluster) == before


PLACEMENT = (
    "--tolerations=gpu=yes:NoSchedule,ml:NoExecute",
    "--tolerations=*",
    "--node-selector=pool=ml,disk=fast",
    "--image-pull-secrets=a,b",
    "--selinux=spc_t",
    "--architectures=amd64,arm64",
)


@pytest.mark.parametrize(
    "target, flags",
    [
        ("vineyard-cluster", (*EVERYTHING[1:], *PLACEMENT)),
        ("vineyard-deployment", PLACEMENT),
        ("csidriver", ("--clusters=a/b,c/d", "--enableToleration", "--quota=2Gi", *PLACEMENT)),
    ],
)
def test_what_is_told_to_stay_can_be_typed_again(cluster, vineyardctl, target, flags):
    path = {"csidriver": DRIVER_RESOURCE, "vineyard-deployment": STORES}.get(target, RESOURCE)
    if target == "csidriver":
        vineyardctl(*CLUSTER)
    again = ("deploy", target, "--create-namespace", "--wait=false", "--yes")
    if target != "csidriver":
        again += ("--replicas", "1")
    vineyardctl(*again, *flags)
    before = spec(cluster, path)

    start, end = "► as deployed before: ", " (--reset FLAG goes back to the default)"
    told = [line for line in vineyardctl(*again).lines if line.startswith(start) and line.endswith(end)]
    texts = [line.removeprefix(start).removesuffix(end) for line in told]
    words = [word.removesuffix(",") for text in texts for word in shlex.split(text)]
    vineyardctl(*again, "--reset", "all", *(("--clusters=a/b,c/d",) if target == "csidriver" else ()))
    assert spec(cluster, path) != before
    vineyardctl(*again, *words)

    assert spec(cluster, path) == before


def test_flags_of_the_stores_are_not_those_of_the_operator(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--wait=false")
    vineyardctl("deploy", "operator", "--node-selector", "role=control", "--wait=false")
    vineyardctl(
        "deploy", "vineyard-cluster", "--node-selector", "pool=ml", "--tolerations", "gpu", "--wait=false", "--yes"
    )

    vineyardctl("deploy", "operator", "--wait=false")

    manager, stores = spec(cluster, MANAGER)["template"]["spec"], spec(cluster)
    assert manager["nodeSelector"]["role"] == "control" and "pool" not in manager["nodeSelector"]
    assert stores["nodeSelector"] == {"pool": "ml"}
    assert [entry["key"] for entry in manager["tolerations"]] == ["gpu"]
    vineyardctl("deploy", "vineyard-cluster", "--reset", "node-selector", "--wait=false", "--yes")
    assert "nodeSelector" not in spec(cluster)
    assert spec(cluster, MANAGER)["template"]["spec"]["nodeSelector"]["role"] == "control"


def test_every_flag_of_a_driver_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    flags = [
        flag for flag, path, _ in CSIDRIVER if path.startswith("spec.") and not flag.startswith(("-i", "-s", "-m"))
    ]
    flags = [flag for flag in flags if not flag.startswith("--clusters")]
    vineyardctl(*DRIVER, *flags, "--wait=false")
    before = spec(cluster, DRIVER_RESOURCE)
    assert (before["onDelete"], before["enableToleration"]) == ("retain", True)

    vineyardctl("deploy", "csidriver", "--wait=false")

    assert spec(cluster, DRIVER_RESOURCE) == before


def test_a_flag_that_names_its_default_counts(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER, "--enableToleration", "--quota", "2Gi")

    vineyardctl("deploy", "csidriver", "--enableToleration=false")

    assert spec(cluster, DRIVER_RESOURCE)["enableToleration"] is False
    assert spec(cluster, DRIVER_RESOURCE)["quota"] == "2Gi"


def test_a_flag_that_is_reset_has_its_default_again(cluster, vineyardctl):
    vineyardctl(*CLUSTER, *FLAGS)

    vineyardctl(*CLUSTER, "--reset", "vineyardd.size", "--yes")

    assert spec(cluster)["vineyard"]["size"] == ""
    assert spec(cluster)["vineyard"]["env"] == [{"name": "A", "value": "b"}]
    vineyardctl(*CLUSTER, "--reset", "all", "--yes")
    assert "env" not in spec(cluster)["vineyard"]


@pytest.mark.parametrize(
    "flag, hint", [("vineyardd.sise", "did you mean vineyardd.size?"), ("vineyardd.size", "give one of them")]
)
def test_a_reset_that_makes_no_sense_is_refused(vineyardctl, flag, hint):
    run = vineyardctl("deploy", "vineyardd", "--reset", flag, "--vineyardd.size", "1Gi", status=2)

    assert run.error.startswith(f"error: --reset {flag}: ") and hint in run.error


def test_the_image_of_operator_and_stores_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--image", "registry.example.com/vineyardctl:7")

    vineyardctl(*CLUSTER)
    vineyardctl("deploy", "operator")

    manager = spec(cluster, MANAGER)["template"]["spec"]["containers"]
    assert {container["image"] for container in manager} == {"registry.example.com/vineyardctl:7"}
    assert store(cluster)["image"] == "registry.example.com/vineyardctl:7"


def test_an_image_that_stays_is_told(cluster, vineyardctl):
    flags = ("--image", "v:7", "--imagePullPolicy", "Always", "--image-registry", "mirror.example.com")
    vineyardctl(*CLUSTER, *flags, "--vineyardd.size", "1Gi")
    vineyardctl(*DRIVER)

    for again in (("deploy", "vineyard-cluster"), ("deploy", "vineyardd"), ("deploy", "csidriver")):
        (told,) = [line for line in vineyardctl(*again).lines if line.startswith("► as deployed before: ")]
        for flag in ("--image v:7", "--imagePullPolicy Always", "--image-registry mirror.example.com"):
            assert told.count(flag) == 1
    assert not any(
        "--image v:7" in line for line in vineyardctl("deploy", "vineyardd", "--image", "v:8", "--yes").lines
    )


def test_an_image_of_another_release_stays_with_a_warning(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--image", "registry.example.com/vineyardctl:0.0.7")

    run = vineyardctl(*CLUSTER)

    assert store(cluster)["image"] == "registry.example.com/vineyardctl:0.0.7"
    assert [line for line in run.lines if line.startswith("⚠ the image registry.example.com/vineyardctl:0.0.7 stays")]


def test_a_new_cluster_and_a_driver_run_the_image_of_the_operator(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--image", "registry.example.com/vineyardctl:7", "--imagePullPolicy", "Always")

    vineyardctl("deploy", "vineyardd", "-n", "team2", "--create-namespace", "--replicas", "1")
    vineyardctl(*DRIVER)

    other = spec(cluster, f"{OURS}/namespaces/team2/vineyardds/vineyardd-sample")["vineyard"]
    for found in (other, spec(cluster, DRIVER_RESOURCE)):
        assert (found["image"], found["imagePullPolicy"]) == ("registry.example.com/vineyardctl:7", "Always")


def test_the_image_that_the_environment_names_counts_as_named(cluster, vineyardctl):
    vineyardctl(*CLUSTER, VINEYARDCTL_IMAGE="registry.example.com/vineyardctl:7")
    vineyardctl(*CLUSTER)
    assert store(cluster)["image"] == "registry.example.com/vineyardctl:7"

    vineyardctl(*CLUSTER, "--yes", VINEYARDCTL_IMAGE="registry.example.com/vineyardctl:8")

    assert store(cluster)["image"] == "registry.example.com/vineyardctl:8"


def test_plain_workloads_stay_as_well(cluster, vineyardctl):
    plain = ("deploy", "vineyard-deployment", "--create-namespace", "--replicas", "1")
    vineyardctl(*plain, *FLAGS, "--image", "registry.example.com/vineyardctl:7")
    before = spec(cluster, STORES)

    run = vineyardctl("deploy", "vineyard-deployment")

    assert spec(cluster, STORES) == before
    assert [line for line in run.lines if line.startswith("► as deployed before: ") and "--vineyardd.size 1Gi" in line]
    vineyardctl("deploy", "vineyard-deployment", "--reset", "vineyardd.envs", "--yes")
    assert "A" not in {entry["name"] for entry in store(cluster)["env"]}
    assert "--size=1Gi" in store(cluster)["args"]


def test_what_a_file_or_an_editor_has_set_stays(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    change = {"spec": {"nodeSelector": {"kubernetes.io/os": "linux"}, "vineyard": {"cpu": "200m"}}}
    assert cluster.client.patch(RESOURCE, change, fieldManager="kubectl-edit").status == 200

    vineyardctl(*CLUSTER)

    assert spec(cluster)["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec(cluster)["vineyard"]["cpu"] == "200m"


def test_half_of_what_belongs_together_can_be_changed(cluster, vineyardctl):
    vineyardctl(*CLUSTER, "--vineyardd.spill.config", "spill", "--vineyardd.spill.path", "/spill")

    vineyardctl("deploy", "vineyard-cluster", "--vineyardd.spill.path", "/other", "--yes")

    assert spec(cluster)["vineyard"]["spill"]["path"] == "/other"
    assert (
        "a spill path without a spill name"
        in vineyardctl("deploy", "vineyardd", "--name", "new", "--vineyardd.spill.path", "/other", status=2).error
    )


def test_a_class_is_dropped_only_with_consent(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    other = ("deploy", "csidriver", "--clusters", f"{NAMESPACE}/other")
    dropped = f"{NAMESPACE}.vineyardd-sample.csi"

    run = vineyardctl(*other, status=1)

    assert f"⚠ the storage class {dropped} goes, and new claims find none" in run.lines
    assert run.error.endswith(f"needs your consent: the storage class {dropped} goes (hint: --yes gives it)")
    assert exists(cluster.client, f"{CLASSES}/{dropped}")
    vineyardctl("deploy", "csidriver", "--clusters", f"{NAMESPACE}/vineyardd-sample,{NAMESPACE}/other")
    assert exists(cluster.client, f"{CLASSES}/{dropped}")
    vineyardctl(*other, "--yes")
    assert not exists(cluster.client, f"{CLASSES}/{dropped}")


def test_a_driver_without_clusters_needs_them_once(vineyardctl):
    vineyardctl(*CLUSTER)

    assert "no vineyard cluster is given" in vineyardctl("deploy", "csidriver", status=2).error


def test_on_a_terminal_the_question_is_asked(cluster, vineyardctl, tmp_path):
    vineyardctl(*CLUSTER, *FLAGS)
    bigger = ("deploy", "vineyard-cluster", "--vineyardd.size", "2Gi")

    status, drawn = on_terminal(cluster.kubeconfig, tmp_path, *bigger, answers="n\n")

    assert status == 1
    assert f"deploy vineyard cluster {NAMESPACE}/vineyardd-sample? [y/N]" in drawn
    assert screen(drawn)[-2].endswith("error: not confirmed; nothing was changed")
    assert spec(cluster)["vineyard"]["size"] == "1Gi"
    status, _ = on_terminal(cluster.kubeconfig, tmp_path, *bigger, answers="y\n")
    assert status == 0
    assert spec(cluster)["vineyard"]["size"] == "2Gi"
