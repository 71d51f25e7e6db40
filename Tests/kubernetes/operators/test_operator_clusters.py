"""Given an operator that runs, then clusters are what their resources say."""

import pytest

from deployments import APPS, NAMESPACE, SYSTEM, VINEYARDDS
from managers import ACCOUNT
from operated import (
    NAME,
    POLICY,
    cluster,
    condition,
    events,
    gone,
    ready,
    settled,
    status,
    told,
    writes,
)
from snapshot import everything
from waiting import eventually

PATH = f"{VINEYARDDS}/{NAME}"
STORES = f"{APPS}/deployments/{NAME}"
OTHERS = (
    f"{APPS}/statefulsets/{NAME}-etcd",
    f"{SYSTEM}/services/{NAME}-rpc",
    f"{POLICY}/{NAME}",
    f"{SYSTEM}/serviceaccounts/{NAME}",
)


@pytest.fixture
def api(managers):
    managers.start()
    return managers.api


def template(api):
    return api.get(STORES).json["spec"]["template"]["spec"]["containers"][0]


def test_given_an_operator_when_the_cluster_is_deployed_then_it_is_ready_and_says_so(managers, deploys):
    managers.start()
    before = everything(managers.api)

    run = deploys("deploy", "vineyard-cluster", "--create-namespace")

    assert run.lines[-1] == f"✔ vineyard cluster {NAMESPACE}/{NAME} is ready"
    found = status(managers.api, PATH)
    assert (found["state"], found["current"], found["replicas"], found["updated"]) == ("Ready", 3, 3, 3)
    assert found["observedGeneration"] == managers.api.get(PATH).json["metadata"]["generation"]
    assert condition(managers.api, PATH, "Ready")["message"] == "3/3 stores are ready"
    assert condition(managers.api, PATH, "MetadataEmbedded")["status"] == "False", "stores share it"
    made = everything(managers.api) - before
    for name in (
        f"deployments {NAMESPACE}/{NAME}",
        f"statefulsets {NAMESPACE}/{NAME}-etcd",
        f"networkpolicies {NAMESPACE}/{NAME}-etcd",
        f"secrets {NAMESPACE}/{NAME}-etcd-client",
        f"services {NAMESPACE}/{NAME}-rpc",
        f"poddisruptionbudgets {NAMESPACE}/{NAME}",
        f"serviceaccounts {NAMESPACE}/{NAME}",
    ):
        assert name in made
    assert told(managers.api, NAME, "Normal", "Ready") == "3/3 stores are ready"
    assert [reason for _, reason, _ in events(managers.api, NAME)].count("Created") == 1


def test_given_a_cluster_when_it_is_scaled_then_the_status_follows(api):
    api.post(VINEYARDDS, cluster())
    ready(api)

    for replicas in (3, 0, 2):
        api.patch(PATH, {"spec": {"replicas": replicas}})
        assert ready(api)["current"] == replicas


def test_given_a_cluster_when_image_and_size_change_then_stores_are_replaced_one_by_one(api):
    api.post(VINEYARDDS, cluster(replicas=3))
    ready(api)

    api.patch(PATH, {"spec": {"vineyard": {"image": "localhost/vineyardctl:2", "size": "1Gi"}}})

    assert ready(api)["updated"] == 3
    assert template(api)["image"] == "localhost/vineyardctl:2"
    assert "--size=1Gi" in " ".join(template(api)["args"]) or "1073741824" in " ".join(template(api)["args"])
    assert api.get(STORES).json["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_given_an_image_that_cannot_be_pulled_when_it_is_upgraded_to_then_the_cluster_is_not_ready(managers, api):
    api.post(VINEYARDDS, cluster(replicas=2))
    ready(api)
    managers.double.image("broken", "ImagePullBackOff", message="no such image")

    api.patch(PATH, {"spec": {"vineyard": {"image": "localhost/broken:1"}}})

    eventually(lambda: status(api, PATH)["current"] == 1, "one store is replaced and does not come")
    eventually(lambda: condition(api, PATH, "Ready")["status"] == "False", "it says so")
    told(api, NAME, "Normal", "RollingOut")
    api.patch(PATH, {"spec": {"vineyard": {"image": "localhost/vineyardctl:2"}}})
    assert ready(api)["current"] == 2


@pytest.mark.genuine_only(reason="the double has no budgets for evictions")
def test_given_stores_when_nodes_are_drained_then_they_go_one_at_a_time(managers, api):
    api.post(VINEYARDDS, cluster(replicas=3))
    ready(api)
    stores = [
        p
        for p in api.get(f"{SYSTEM}/pods").json["items"]
        if p["metadata"]["name"].startswith(f"{NAME}-") and not p["metadata"]["name"].endswith("-etcd-0")
    ]
    eventually(lambda: status(api, f"{POLICY}/{NAME}").get("disruptionsAllowed") == 1, "one may go")

    def drain(pod):
        managers.double.node(pod["spec"]["nodeName"], "cordon")
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
        return api.post(f"{SYSTEM}/pods/{pod['metadata']['name']}/eviction", body)

    assert drain(stores[0]).status == 201
    eventually(lambda: status(api, PATH)["current"] == 2, "the status says that one is gone")
    refusal = drain(stores[1])
    assert (refusal.status, "disruption budget" in refusal.json["message"]) == (429, True)
    managers.double.node(stores[0]["spec"]["nodeName"], "uncordon")
    assert ready(api)["current"] == 3


def test_given_metrics_that_are_switched_off_when_reconciled_then_their_service_goes(api):
    api.post(VINEYARDDS, cluster(metric={"enable": True}))
    ready(api)
    assert api.get(f"{SYSTEM}/services/{NAME}-metrics").status == 200

    api.patch(PATH, {"spec": {"metric": {"enable": False}}})

    gone(api, f"{SYSTEM}/services/{NAME}-metrics")
    assert told(api, NAME, "Normal", "Deleted") == f"deleted Service {NAME}-metrics"


RICH = {
    "replicas": 2,
    "service": {"type": "NodePort", "port": 9700},
    "metric": {"enable": True},
    "vineyard": {
        "image": "localhost/vineyardctl:2",
        "size": "256Mi",
        "cpu": "200m",
        "memory": "1Gi",
        "env": [{"name": "B", "value": "2"}, {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    },
    "volumes": [{"name": "more", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
    "volumeMounts": [{"name": "more", "mountPath": "/more"}],
    "securityContext": {"capabilities": {"add": ["IPC_LOCK"]}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "priorityClassName": "system-node-critical",
    "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
    "etcd": {"image": "registry.example.com/etcd:3.6.11"},
}


def test_given_a_cluster_when_everything_is_set_and_taken_back_then_its_objects_follow_both_ways(api):
    original = api.post(VINEYARDDS, cluster()).json["spec"]
    ready(api)
    paths = (STORES, *OTHERS[:3])
    before = [api.get(path).json["spec"] for path in paths]

    assert api.patch(PATH, {"spec": RICH}).status == 200
    assert ready(api)["current"] == 2
    service = api.get(f"{SYSTEM}/services/{NAME}-rpc").json["spec"]
    assert (service["type"], [port["port"] for port in service["ports"]]) == ("NodePort", [9700])
    spec = api.get(STORES).json["spec"]["template"]["spec"]
    assert {"name": "more", "mountPath": "/more"} in spec["containers"][0]["volumeMounts"]
    assert {"B", "A"} <= {entry["name"] for entry in spec["containers"][0]["env"]}
    assert spec["priorityClassName"] == "system-node-critical"

    whole = api.get(PATH).json
    assert api.put(PATH, whole | {"spec": original}).status == 200
    ready(api)
    assert [api.get(path).json["spec"] for path in paths] == before
    gone(api, f"{SYSTEM}/services/{NAME}-metrics")


@pytest.mark.parametrize("path", [STORES, *OTHERS])
def test_given_an_object_that_somebody_deletes_then_it_is_made_again(api, path):
    api.post(VINEYARDDS, cluster())
    ready(api)
    uid = api.get(path).json["metadata"]["uid"]

    api.delete(path)

    eventually(lambda: api.get(path).json.get("metadata", {}).get("uid") not in (None, uid), f"{path} is there again")
    ready(api)


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"replicas": 3}},
        {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}},
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}},
        {"metadata": {"labels": {"app.kubernetes.io/part-of": None}}},
        {"metadata": {"ownerReferences": None}},
    ],
)
def test_given_an_object_that_somebody_edits_then_it_is_as_before(api, change):
    api.post(VINEYARDDS, cluster())
    ready(api)
    before = api.get(STORES).json

    assert api.patch(STORES, change).status == 200

    def is_restored():
        now = api.get(STORES).json
        return now["spec"] == before["spec"] and all(
            now["metadata"].get(key) == before["metadata"].get(key) for key in ("labels", "ownerReferences")
        )

    eventually(is_restored, "the edit is undone")


def test_given_what_others_add_to_an_object_then_it_stays(api):
    api.post(VINEYARDDS, cluster())
    ready(api)

    api.patch(STORES, {"metadata": {"annotations": {"example.com/team": "blue"}}})
    api.patch(PATH, {"spec": {"replicas": 2}})

    assert ready(api)["current"] == 2
    assert api.get(STORES).json["metadata"]["annotations"]["example.com/team"] == "blue"


def test_given_a_resource_that_makes_no_sense_then_the_status_says_why_and_nothing_is_lost(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    uid = api.get(STORES).json["metadata"]["uid"]

    api.patch(PATH, {"spec": {"vineyard": {"size": "many"}}})

    settled(api, PATH, "Degraded")
    assert "size" in condition(api, PATH, "Applied")["message"]
    told(api, NAME, "Warning", "InvalidSpec")
    assert api.get(STORES).json["metadata"]["uid"] == uid
    api.patch(PATH, {"spec": {"vineyard": {"size": ""}}})
    ready(api)


def test_given_a_spill_volume_when_the_cluster_goes_then_the_volume_goes_too(api):
    spill = {
        "name": "spill",
        "path": "/spill",
        "persistentVolumeSpec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "storageClassName": "manual",
            "hostPath": {"path": "/spill"},
        },
        "persistentVolumeClaimSpec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    api.post(VINEYARDDS, cluster(vineyard={"spill": spill}))
    ready(api)
    volume = api.get("/api/v1/persistentvolumes/spill").json
    assert "ownerReferences" not in volume["metadata"], "an object of no namespace must not have an owner in one"

    api.delete(PATH)

    gone(api, "/api/v1/persistentvolumes/spill")
    gone(api, f"{SYSTEM}/persistentvolumeclaims/spill")


def test_given_a_cluster_that_is_deleted_and_made_again_at_once_then_it_becomes_ready(api):
    api.post(VINEYARDDS, cluster())
    ready(api)

    for _ in range(3):
        uid = api.get(STORES).json["metadata"]["uid"]
        api.delete(PATH)
        gone(api, PATH)
        api.post(VINEYARDDS, cluster())
        ready(api)
        assert api.get(STORES).json["metadata"]["uid"] != uid


def test_given_an_event_that_is_gone_when_the_same_happens_again_then_it_is_told_anew(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    said = ("Normal", "Created", f"created Service {NAME}-rpc")
    for _ in range(2):
        for event in api.get(f"{SYSTEM}/events").json["items"]:
            api.delete(f"{SYSTEM}/events/{event['metadata']['name']}")
        assert said not in events(api, NAME)

        api.delete(f"{SYSTEM}/services/{NAME}-rpc")

        eventually(lambda: said in events(api, NAME), "it is told")


def test_given_a_dead_operator_when_the_cluster_is_deleted_then_nothing_hangs(managers, deploys):
    manager = managers.start()
    before = everything(managers.api)
    deploys("deploy", "vineyardd", "--replicas", "1")
    manager.kill()

    deploys("delete", "vineyardd")

    eventually(lambda: everything(managers.api) <= before, "all is gone")


def test_given_a_cluster_at_rest_then_nothing_of_it_changes(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    told(api, NAME, "Normal", "Ready")
    before = [api.get(path).json["metadata"]["resourceVersion"] for path in (PATH, STORES, *OTHERS)]

    api.post(VINEYARDDS, cluster("other"))
    ready(api, "other")

    assert [api.get(path).json["metadata"]["resourceVersion"] for path in (PATH, STORES, *OTHERS)] == before


@pytest.mark.double_only(reason="needs a record of requests")
def test_given_a_cluster_at_rest_then_nothing_is_written(managers, api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    told(api, NAME, "Normal", "Ready")
    managers.double.clear_requests()

    other = cluster("other")
    api.post(VINEYARDDS, other)
    ready(api, "other")

    mine = [write for write in writes(managers.double, ACCOUNT) if NAME in write]
    assert mine == [], "another cluster's changes are not its business"
