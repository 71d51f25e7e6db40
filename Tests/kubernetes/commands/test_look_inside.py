"""`ls`, `get`, `put`, `rm`, `top`, `debug`, `logs`, `events`, `sysdump` and `test` through the cluster."""

import io
import json
import re
import signal
import tarfile

import pytest
import yaml

from command_line import CommandLine, interrupt
from connections import edited
from deployments import CLUSTER, DRIVER, NAMESPACE, STORAGE_CLASS, SYSTEM, claim, exists, make
from objects import pod
from real_store import RealStore, free_port
from waiting import eventually

DEFAULT = "/api/v1/namespaces/default"
pytestmark = pytest.mark.double_only(reason="port-forwarding leads to a store of the test")


@pytest.fixture
def store(cluster, vineyardctl, tmp_path):
    """A cluster of one store, which really runs, and the driver."""
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    store = RealStore(cluster, tmp_path)
    yield store
    store.stop()


def bound_claim(cluster, name="data"):
    """A claim with a pod, and the name of its volume."""
    make(cluster.client, f"{DEFAULT}/persistentvolumeclaims", claim(name))
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": name}}]
    step = pod(f"uses-{name}", volumes=volumes)
    # The double places pods anywhere.
    step["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node(cluster)[0]}
    step["spec"]["containers"][0]["volumeMounts"] = [{"name": "d", "mountPath": "/data"}]
    make(cluster.client, f"{DEFAULT}/pods", step)
    path = f"{DEFAULT}/persistentvolumeclaims/{name}"
    eventually(lambda: cluster.client.get(path).json["status"].get("phase") == "Bound", "the claim is bound")
    return cluster.client.get(path).json["spec"]["volumeName"]


def node(cluster):
    pods = cluster.client.get(f"{SYSTEM}/pods", labelSelector="app.vineyard.io/role=vineyardd").json["items"]
    return pods[0]["spec"]["nodeName"], pods[0]["metadata"]["name"]


def test_a_volume_is_shown_with_its_claim_its_pods_and_its_node(cluster, vineyardctl, store):
    volume = bound_claim(cluster)
    store.ask("open_volume_request", id=volume, quota=8 << 20)
    store.put("inside", "of the volume", volume)
    store.put("outside", "of it")
    where, name = node(cluster)

    (shown,) = json.loads(vineyardctl("ls", "volumes", "-o", "json").output)
    assert {key: shown[key] for key in ("id", "claim", "pods", "node", "store", "names", "quota")} == {
        "id": volume,
        "claim": "default/data",
        "pods": ["default/uses-data"],
        "node": where,
        "store": name,
        "names": 1,
        "quota": 8 << 20,
    }
    (inside,) = json.loads(vineyardctl("ls", "objects", "--claim", "default/data", "-o", "json").output).values()
    summary = inside["vineyardctl_summary"]
    assert (summary["names"], summary["volume"], summary["claim"], summary["node"]) == (
        ["inside"],
        volume,
        "default/data",
        where,
    )
    everything = vineyardctl("ls", "objects")
    assert everything.story == "" and everything.output.splitlines()[0].split() == [
        *("NAME", "ID", "TYPE", "SHAPE", "BYTES", "AGE", "VOLUME", "CLAIM", "NODE")
    ]
    assert "str (of the volume)" in everything.output and "str (of it)" in everything.output
    told = vineyardctl("get", "object", "inside").output
    assert re.search(r"\nclaim +default/data\npods +default/uses-data\nnode +node-\d\n", told)
    assert "default/uses-data" in vineyardctl("get", "volume", "--claim", "default/data").output
    top = json.loads(vineyardctl("top", "-o", "json").output)
    assert [entry["store"] for entry in top["stores"]] == [name] and top["volumes"][0]["claim"] == "default/data"


def test_objects_are_put_named_and_removed_through_the_cluster(cluster, vineyardctl, store):
    ident = vineyardctl("put", "--value", "hello", "--name", "greeting").output.strip()
    vineyardctl("names", "put", "other", ident)
    assert vineyardctl("ls", "names", "-o", "name").output.split() == ["greeting", "other"]
    assert vineyardctl("rm", "other").output == f"{ident} deleted\n"
    assert vineyardctl("ls", "names", "-o", "name").output == ""
    (instance,) = json.loads(vineyardctl("get", "cluster-info", "-o", "json").output).values()
    assert instance["ipc_socket"] == store.socket


def test_without_the_right_to_read_the_secret_only_the_store_s_own_objects_are_shown(
    cluster, vineyardctl, store, tmp_path
):
    volume = bound_claim(cluster)
    store.ask("open_volume_request", id=volume)
    store.put("inside", "x", volume)
    store.put("outside", "y")
    cluster.deny(verb="get", resource="secrets", namespace=NAMESPACE)

    run = vineyardctl("ls", "names", "-o", "name")

    assert run.output.split() == ["outside"]
    assert "no permission to get Secret vineyard-system/vineyardd-sample-admin-token" in run.story
    assert "volumes are not shown" in run.story


def test_without_stores_there_is_one_line(cluster, vineyardctl):
    run = vineyardctl("ls", "objects", status=4)
    assert run.story.startswith(f"error: no store runs in the namespace '{NAMESPACE}' (hint: ")


def test_a_store_that_does_not_answer_is_one_line(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.forward(NAMESPACE, "vineyardd-sample", 9600, free_port())
    run = vineyardctl("ls", "objects", status=1)
    assert run.story.count("\n") == 1 and "onnect" in run.error
    assert "no store runs on the node 'nowhere'" in vineyardctl("ls", "objects", "--node", "nowhere", status=4).error


def test_a_chain_that_holds_is_followed_to_its_end(cluster, vineyardctl, store):
    volume = bound_claim(cluster)
    store.ask("open_volume_request", id=volume, quota=8 << 20)

    for words in [("pod", "default/uses-data"), ("pvc", "default/data"), ("pvc", "data", "-n", "default")]:
        run = vineyardctl("debug", *words)
        assert run.story == "" and "✗" not in run.output
        for link in (
            f"Claim default/data\n  ✔ its class {STORAGE_CLASS} gives out volumes of {NAMESPACE}/vineyardd-sample\n",
            f"Volume {volume}\n",
            "Node plugin on node-",
            "it answers; 0 B of 64 MiB are in use",
            f"Socket\n  ✔ the volume {volume} is open, with 0 clients, 0 objects and 0 names\n",
            "Quota\n  ✔ 0 B of 8 MiB are in use\n",
        ):
            assert link in run.output
    where, name = node(cluster)
    for word in (where, name):
        assert f"Node {where}\n  ✔ it is ready\n" in vineyardctl("debug", "store", word).output


def test_the_broken_link_is_named_with_the_next_step(cluster, vineyardctl, store):
    bound_claim(cluster)
    run = vineyardctl("debug", "pod", "default/uses-data", status=1)
    assert run.error.startswith("error: Socket: the store has no volume pvc-") and "delete the pod" in run.error

    assert vineyardctl("debug", "pod", "default/none", status=4).error.startswith("error: there is no pod 'none'")
    make(cluster.client, f"{DEFAULT}/pods", pod("plain"))
    assert "it has no volume of Vineyard" in vineyardctl("debug", "pod", "default/plain", status=1).error
    make(cluster.client, f"{DEFAULT}/persistentvolumeclaims", claim("odd", storage_class="nowhere"))
    assert "its class nowhere does not exist" in vineyardctl("debug", "pvc", "default/odd", status=1).error
    make(cluster.client, f"{DEFAULT}/persistentvolumeclaims", claim("unused"))
    assert "⚠ it waits for a pod that uses it" in vineyardctl("debug", "pvc", "default/unused").output
    assert vineyardctl("debug", "store", "none", status=4).error.startswith("error: there is no store 'none'")
    assert vineyardctl("debug", "pvc", "a/b/c", status=2).error.startswith("error: invalid name 'a/b/c'")


def test_a_missing_node_plugin_is_found(cluster, vineyardctl, store):
    volume = bound_claim(cluster)
    store.ask("open_volume_request", id=volume)
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/csidriver-sample-csi-nodes"
    cluster.client.delete(path)
    eventually(
        lambda: not cluster.client.get(f"{SYSTEM}/pods", labelSelector="app.vineyard.io/role=csi-nodes").json["items"],
        "the plugins are gone",
    )
    run = vineyardctl("debug", "pod", "default/uses-data", status=1)
    assert "no node plugin is deployed in vineyard-system" in run.error and "deploy csidriver" in run.error


def test_logs_of_all_components_are_told_apart(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    cluster.log_text(NAMESPACE, "vineyardd-sample", "one\n\x1b[31mtwo\n")
    _where, name = node(cluster)

    run = vineyardctl("logs", "--component", "store")
    assert run.output == f"{name} vineyardd  one\n{name} vineyardd  \\u001b[31mtwo\n"
    assert vineyardctl("logs", "--pod", name, "--tail", "1").output == f"{name} vineyardd  \\u001b[31mtwo\n"
    assert "there is no pod 'none' of Vineyard" in vineyardctl("logs", "--pod", "none", status=4).error
    assert "no container has run before" in vineyardctl("logs", "--pod", name, "--previous").story


def test_events_of_components_and_of_those_who_use_them(cluster, vineyardctl, store):
    bound_claim(cluster)
    events = json.loads(vineyardctl("events", "-o", "json").output)
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert any(event["namespace"] == NAMESPACE for event in events)
    assert {event["name"] for event in events if event["namespace"] == "default"} <= {"data", "uses-data"}
    assert all(
        event["type"] == "Warning" for event in json.loads(vineyardctl("events", "--warnings", "-o", "json").output)
    )


def test_an_archive_has_everything_but_secrets_and_data(cluster, vineyardctl, store, tmp_path):
    volume = bound_claim(cluster)
    store.ask("open_volume_request", id=volume)
    store.put("name-of-an-object", "content-of-it", volume)
    store.put("zebra-name", "zebra-content")
    path = tmp_path / "dump.tar"

    run = vineyardctl("sysdump", "-f", str(path))

    assert run.output == f"{path}\n" and path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}
    _where, name = node(cluster)
    for expected in ("status.json", "events.json", "mounts.json", "missing.txt", "resources/pod.yaml"):
        assert expected in files
    assert f"logs/{name}/vineyardd.log" in files and b"vineyard_memory_used_bytes" in files[f"metrics/{name}.txt"]
    assert json.loads(files[f"stores/{name}.json"])["volumes"][0]["id"] == volume
    assert json.loads(files["mounts.json"])[0]["path"] == "/data"
    token = cluster.client.get(f"{SYSTEM}/secrets/vineyardd-sample-admin-token").json["data"]["token"]
    everything = b"".join(files.values())
    for secret in (token.encode(), b"name-of-an-object", b"content-of-it", b"zebra"):
        assert secret not in everything
    assert not any("kind: Secret" in text.decode(errors="replace").splitlines() for text in files.values())
    assert next(iter(yaml.safe_load_all(files["resources/vineyardd.yaml"])))["kind"] == "Vineyardd"

    assert vineyardctl("status", "-f", str(path)).output == vineyardctl("status").output
    shown = json.loads(vineyardctl("status", "-f", str(path), "-o", "json").output)
    assert shown == json.loads(files["status.json"])


def test_what_is_no_archive_is_one_line(vineyardctl, tmp_path):
    (tmp_path / "no").write_bytes(b"x" * 2000)
    assert "it is no archive" in vineyardctl("status", "-f", str(tmp_path / "no"), status=1).error
    assert "cannot open" in vineyardctl("status", "-f", str(tmp_path / "none"), status=1).error
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("other"))
    (tmp_path / "other.tar").write_bytes(buffer.getvalue())
    assert "it has no status.json" in vineyardctl("status", "-f", str(tmp_path / "other.tar"), status=1).error


RESULT = json.dumps({"bytes": 1 << 28, "nanoseconds": 50_000_000, "passNanoseconds": 30_000_000})


def left(cluster):
    selector = "app.kubernetes.io/managed-by=vineyardctl-test"
    return [
        found["metadata"]["name"]
        for kind in ("pods", "persistentvolumeclaims")
        for found in cluster.client.get(f"{DEFAULT}/{kind}", labelSelector=selector).json["items"]
        if "deletionTimestamp" not in found["metadata"]
    ]


def test_a_trial_writes_and_reads_and_leaves_nothing(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    cluster.image("^example.com/trial", "Succeed")
    cluster.log_text("default", "vineyardctl-test", f"a line\n{RESULT}\n")

    run = vineyardctl("test", "--image", "example.com/trial:1")

    rows = [line.split() for line in run.output.splitlines()]
    assert rows[0] == ["STEP", "NODE", "BYTES", "TIME", "GB/S"]
    assert rows[1][0] == "write" and rows[1][2:] == ["256", "MiB", "50.00", "ms", "5.37"]
    assert rows[2][0] == "read" and rows[2][-1] == "3.36"
    assert left(cluster) == []


def test_a_trial_that_fails_says_why_and_leaves_nothing(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    cluster.image("^example.com/trial", "Fail")
    cluster.log_text("default", "vineyardctl-test", "error: the store refuses\n")
    run = vineyardctl("test", "--image", "example.com/trial:1", status=1)
    assert run.error.startswith("error: the pod that should write has failed: error: the store refuses")
    assert left(cluster) == []
    assert "there is no class 'none' of Vineyard" in vineyardctl("test", "--class", "none", status=4).error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_trial_that_is_interrupted_leaves_nothing(cluster, vineyardctl, number):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    process = vineyardctl.start("test", "--image", "example.com/runs-for-ever:1")
    eventually(lambda: len(left(cluster)) == 2, "the claim and the first pod are there")
    run = interrupt(process, number)
    assert run.status == 128 + number and "interrupted" in run.error
    assert left(cluster) == []


def test_a_trial_that_takes_too_long_says_which_link_is_missing(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    cluster.image("^example.com/trial", "ImagePullBackOff")
    run = vineyardctl("test", "--image", "example.com/trial:1", "--timeout", "2s", status=3)
    assert "has not ended after 2s: Pod default/vineyardctl-test-" in run.error and "ImagePullBackOff" in run.error
    assert left(cluster) == []


def test_somebody_who_may_only_look_gets_one_line(cluster, vineyardctl, tmp_path):
    vineyardctl(*CLUSTER)
    cluster.token("nobody", "nora", ())
    nobody = CommandLine(edited(cluster.kubeconfig, tmp_path / "config", token="nobody"), tmp_path)
    for words in [
        ("ls", "objects"),
        ("top",),
        ("logs",),
        ("events",),
        ("sysdump",),
        ("debug", "pod", "default/x"),
        ("test",),
    ]:
        run = nobody(*words, status=1)
        assert "orbidden" in run.error or "permission" in run.error or "may not" in run.error, run.error
    assert not exists(cluster.client, f"{DEFAULT}/persistentvolumeclaims/none")
