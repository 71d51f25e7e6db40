"""What the operator does so that pods find volumes on several nodes: labels of nodes, and preferences of pods."""

import json

import pytest

from apiserver.client import MERGE
from deployments import NAMESPACE, SYSTEM, VINEYARDDS
from endpoints import post, wait_until_ready
from managers import ACCOUNT
from operated import HOOKS, NAME, SECRET, cluster, ready
from stores import METRICS_PORT, Stores
from waiting import eventually

PATH = f"{VINEYARDDS}/{NAME}"
CONFIGURATION = f"{HOOKS}/mutatingwebhookconfigurations/vineyard-placement-webhook-configuration"
LABEL = f"csi.vineyard.v6d.io/store-{NAMESPACE}.{NAME}"
NODE = "csi.vineyard.v6d.io/node"
NODES = "/api/v1/nodes"
DEFAULT = "/api/v1/namespaces/default"
GIB = 1 << 30


def labelled(api, label=LABEL):
    """The nodes with a label, by its value."""
    labels = {node["metadata"]["name"]: node["metadata"].get("labels", {}) for node in api.get(NODES).json["items"]}
    return {name: each[label] for name, each in labels.items() if label in each}


def stores_of(api):
    """The pods of stores by node."""
    return {
        pod["spec"]["nodeName"]: pod
        for pod in api.get(f"{SYSTEM}/pods").json["items"]
        if pod["metadata"].get("labels", {}).get("app.vineyard.io/role") == "vineyardd"
        and pod["spec"].get("nodeName")
        and "deletionTimestamp" not in pod["metadata"]
    }


def test_nodes_with_a_ready_store_have_a_label_as_long_as_it_is_there(managers):
    api = managers.api
    managers.start()
    api.post(VINEYARDDS, cluster(replicas=2))
    ready(api)

    eventually(lambda: labelled(api) == dict.fromkeys(stores_of(api), "true"), "the nodes of both stores are labelled")
    assert len(labelled(api)) == 2

    api.patch(PATH, {"spec": {"replicas": 1}})
    eventually(lambda: len(stores_of(api)) == 1, "one store goes")
    eventually(lambda: labelled(api) == dict.fromkeys(stores_of(api), "true"), "its node loses the label")

    # Whatever else removes the label, or spoils it, it is put back.
    [node] = labelled(api)
    for value in (None, "false"):
        api.patch(f"{NODES}/{node}", {"metadata": {"labels": {LABEL: value}}}, MERGE)
        eventually(lambda: labelled(api) == {node: "true"}, "the label is back")

    assert api.delete(PATH).status == 200
    eventually(lambda: not labelled(api), "no node has the label of a cluster that is gone")


def test_a_label_that_another_operator_left_behind_is_removed(managers):
    api = managers.api
    [node, *_] = [each["metadata"]["name"] for each in api.get(NODES).json["items"]]
    stale = "csi.vineyard.v6d.io/store-gone.cluster"
    api.patch(f"{NODES}/{node}", {"metadata": {"labels": {stale: "true", "team": "a"}}}, MERGE)

    managers.start()

    eventually(lambda: not labelled(api, stale), "the label of no cluster is removed")
    assert api.get(f"{NODES}/{node}").json["metadata"]["labels"]["team"] == "a"


@pytest.mark.double_only(reason="needs denials")
def test_a_right_that_is_missing_is_told_and_made_up_for(managers):
    api = managers.api
    managers.double.deny(user=ACCOUNT, verb="patch", resource="nodes")
    manager = managers.start()
    api.post(VINEYARDDS, cluster())
    manager.says("the labels of nodes with stores cannot be written")
    assert not labelled(api)

    managers.double.allow_all()

    eventually(lambda: labelled(api), "the label is written as soon as it may be")


# MARK: Preferences of pods


@pytest.fixture
def data(managers):
    """A claim with a volume on all nodes, most of whose bytes are on one; yields these nodes, most bytes first."""
    api, stores = managers.api, Stores()
    managers.double.settings(pod_network="127.78")
    try:
        manager = managers.start(certificates=True)
        wait_until_ready(manager)
        managers.direct_pods(manager)
        api.post(VINEYARDDS, cluster(replicas=2))
        ready(api)
        pods = stores_of(api)
        nodes = sorted(pods)
        for node, count in zip(nodes, (3 * GIB, GIB)):
            api.patch(f"{NODES}/{node}", {"metadata": {"labels": {NODE: node}}}, MERGE)
            stores.start(count, pods[node]["status"]["podIP"], METRICS_PORT, {"pvc-1": count, "pvc-9": 7 * GIB})
        claim(api, "handover", "pvc-1")
        yield managers, nodes
    finally:
        stores.stop()
        managers.double.settings(pod_network="10.244")


def claim(api, name, volume, key=LABEL, namespace="default"):
    """A claim that is bound to a volume."""
    term = {"matchExpressions": [{"key": key, "operator": "In", "values": ["true"]}]}
    handle = f"{NAMESPACE}/{NAME}/{volume}"
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume},
        "spec": {
            "capacity": {"storage": "8Gi"},
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "",
            "claimRef": {"namespace": namespace, "name": name},
            "csi": {"driver": "csi.vineyard.v6d.io", "volumeHandle": handle},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }
    reply = api.post("/api/v1/persistentvolumes", body)
    assert reply.status == 201, reply.text
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "8Gi"}}, "storageClassName": ""}
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    assert api.post(path, {"metadata": {"name": name}, "spec": {**spec, "volumeName": volume}}).status == 201
    eventually(lambda: api.get(f"{path}/{name}").json["status"].get("phase") == "Bound", f"{name} is bound")


def pod(name, *claims, **spec):
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims]
    container = {"name": "step", "image": "step"}
    return {"metadata": {"name": name}, "spec": {"containers": [container], "volumes": volumes, **spec}}


def preferences(api, body, path=f"{DEFAULT}/pods"):
    """Creates a pod, on trial; returns its preferred nodes by our label with their weights, and the affinity."""
    reply = api.post(path, body, dryRun="All")
    assert reply.status == 201, reply.text
    affinity = reply.json["spec"].get("affinity") or {}
    terms = (affinity.get("nodeAffinity") or {}).get("preferredDuringSchedulingIgnoredDuringExecution") or []
    ours = {}
    for term in terms:
        for expression in term["preference"].get("matchExpressions", ()):
            if expression["key"] == NODE:
                ours |= dict.fromkeys(expression["values"], term["weight"])
    return ours, affinity


@pytest.mark.double_only(reason="needs stores at addresses of this machine")
def test_a_pod_prefers_the_nodes_that_hold_most_of_its_volumes(data):
    managers, (most, less) = data
    api = managers.api

    def found():
        return preferences(api, pod("step", "handover"))[0]

    assert eventually(found, "the stores have been asked") == {most: 75, less: 25}
    # It runs there, with its own affinity beside.
    own = {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 5, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
            ]
        },
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 9, "preference": {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}}
            ]
        },
    }
    ours, affinity = preferences(api, pod("step", "handover", affinity=own))
    assert ours == {most: 75, less: 25} and affinity["podAntiAffinity"] == own["podAntiAffinity"]
    kept = affinity["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert kept[0] == own["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0] and len(kept) == 3
    assert api.post(f"{DEFAULT}/pods", pod("step", "handover")).status == 201


@pytest.mark.double_only(reason="needs stores at addresses of this machine")
def test_pods_without_such_volumes_and_namespaces_that_want_none_are_left_alone(data):
    managers, _ = data
    api = managers.api
    eventually(lambda: preferences(api, pod("step", "handover"))[0], "the stores have been asked")
    claim(api, "pinned", "pvc-9", key=NODE)

    for body in (pod("none"), pod("unbound", "waiting"), pod("pinned", "pinned"), pod("new", "empty")):
        assert preferences(api, body) == ({}, {}), body["metadata"]["name"]
    labels = {"csi.vineyard.v6d.io/placement": "off"}
    for name in ("kube-system", NAMESPACE):
        assert preferences(api, pod("step", "handover"), f"/api/v1/namespaces/{name}/pods") == ({}, {})
    api.patch(DEFAULT, {"metadata": {"labels": labels}}, MERGE)
    assert preferences(api, pod("step", "handover")) == ({}, {})
    api.patch(DEFAULT, {"metadata": {"labels": dict.fromkeys(labels)}}, MERGE)
    assert preferences(api, pod("step", "handover"))[0]


@pytest.mark.double_only(reason="needs stores at addresses of this machine")
def test_pods_are_made_while_the_manager_is_away(data):
    managers, _ = data
    [manager] = managers.running
    manager.kill()

    assert preferences(managers.api, pod("step", "handover")) == ({}, {})


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'{"kind": "AdmissionReview", "apiVersion": "v1"}'])
def test_what_is_no_review_is_refused_in_one_line(managers, body):
    manager = managers.start(certificates=True)
    wait_until_ready(manager)

    status, text = post(manager, "/mutate-v1-pod", body, what="metrics")

    assert (status, text.count("\n")) == (400, 1)


def test_a_review_of_nonsense_is_allowed_unchanged(managers):
    manager = managers.start(certificates=True)
    wait_until_ready(manager)

    for obj in (None, {}, {"kind": "Pod", "apiVersion": "v1", "spec": {"volumes": 3, "affinity": []}}):
        request = {"uid": "u", "operation": "CREATE", "namespace": "default", "object": obj}
        review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
        status, text = post(manager, "/mutate-v1-pod", json.dumps(review).encode(), what="metrics")
        assert (status, json.loads(text)["response"]) == (200, {"uid": "u", "allowed": True})


def test_the_api_server_trusts_the_manager_and_waits_a_second_for_it_at_most(managers):
    wait_until_ready(managers.start(certificates=True))
    secret = managers.api.get(SECRET).json["data"]["ca.crt"]

    [hook] = managers.api.get(CONFIGURATION).json["webhooks"]

    assert hook["clientConfig"]["caBundle"] == secret
    assert (hook["failurePolicy"], hook["timeoutSeconds"]) == ("Ignore", 1)


def test_an_operator_without_placement_takes_its_webhook_away(managers, deploys):
    assert managers.api.get(CONFIGURATION).status == 200

    deploys("deploy", "operator", "--placement", "off")

    assert managers.api.get(CONFIGURATION).status == 404
    deployment = managers.api.get("/apis/apps/v1/namespaces/vineyard-system/deployments/vineyard-controller-manager")
    manager = deployment.json["spec"]["template"]["spec"]["containers"][0]
    assert "--placement=off" in manager["args"]
    deploys("deploy", "operator", "--placement", "on")
    assert managers.api.get(CONFIGURATION).status == 200
