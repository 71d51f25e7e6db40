"""Given a change that replaces stores, then they go one at a time, and those that are there together get along."""

import pytest

from deployments import APPS, SYSTEM, VINEYARDDS
from operated import NAME, cluster, ready
from waiting import eventually

PATH = f"{VINEYARDDS}/{NAME}"
STORES = f"{APPS}/deployments/{NAME}"
PODS = f"{SYSTEM}/pods"
COUNT = 3


@pytest.fixture
def api(managers):
    managers.start()
    return managers.api


def flag(pod, name):
    """The value of a flag of a pod's store; empty without it."""
    words = pod["spec"]["containers"][0]["args"]
    return next((word.partition("=")[2] for word in words if word.startswith(f"--{name}=")), "")


def is_ready(pod):
    found = {entry["type"]: entry["status"] for entry in pod["status"].get("conditions", ())}
    return found.get("Ready") == "True"


def change(api, patch, is_done):
    """Change the resource; returns the stores that were ready together, over time, until the last ones are as wanted."""
    start = api.get(PODS).json
    stores = {pod["metadata"]["name"]: pod for pod in start["items"] if is_store(pod)}
    assert api.patch(PATH, {"spec": {"vineyard": patch}}).status == 200
    history = []
    for event in api.watch(PODS, resourceVersion=start["metadata"]["resourceVersion"]):
        pod = event["object"]
        if not is_store(pod):
            continue
        if event["type"] == "DELETED":
            stores.pop(pod["metadata"]["name"], None)
        else:
            stores[pod["metadata"]["name"]] = pod
        history.append(
            [each for each in stores.values() if is_ready(each) and "deletionTimestamp" not in each["metadata"]]
        )
        if len(history[-1]) == COUNT and all(map(is_done, history[-1])):
            return history
    raise AssertionError("the stores were not replaced")


def is_store(pod):
    return pod["metadata"]["labels"].get("app.vineyard.io/role") == "vineyardd"


@pytest.mark.double_only(reason="its history of pods is complete")
def test_given_local_metadata_when_it_is_to_be_in_etcd_then_stores_are_replaced_one_at_a_time(api):
    api.post(VINEYARDDS, cluster(replicas=COUNT, vineyard={"meta": "local"}))
    ready(api)

    history = change(api, {"meta": "etcd"}, lambda pod: flag(pod, "meta") == "etcd")

    assert min(map(len, history)) == COUNT - 1, "all but one serve"
    assert {flag(pod, "meta") for pods in history for pod in pods} == {"local", "etcd"}
    ready(api)


@pytest.mark.double_only(reason="its history of pods is complete")
def test_given_stores_without_tls_when_it_is_to_be_required_then_those_that_are_there_can_read_from_each_other(api):
    api.post(VINEYARDDS, cluster(replicas=COUNT, vineyard={"peerTLS": "off"}))
    ready(api)

    for wanted in ("require", "off"):
        history = change(api, {"peerTLS": wanted}, lambda pod: flag(pod, "peer_tls") == wanted.replace("off", ""))

        together = [{flag(pod, "peer_tls") for pod in pods} for pods in history]
        assert not [uses for uses in together if uses >= {"", "require"}]
        assert {"offer"} in together and min(map(len, history)) == COUNT - 1
        ready(api)


def test_given_a_cluster_that_says_nothing_then_stores_require_tls_and_have_certificates(api):
    api.post(VINEYARDDS, cluster())
    ready(api)
    pod = api.get(STORES).json["spec"]["template"]
    assert flag(pod, "peer_tls") == "require"
    assert set(api.get(f"{SYSTEM}/secrets/{NAME}-peer-tls").json["data"]) == {"ca.crt", "tls.crt", "tls.key"}


def test_given_stores_of_an_earlier_release_then_they_are_not_replaced_for_tls(managers):
    api = managers.api
    manager = managers.start()
    api.post(VINEYARDDS, cluster(vineyard={"peerTLS": "off"}))
    ready(api)
    generation = api.get(STORES).json["metadata"]["generation"]

    # As resources of earlier releases are, which did not say it.
    assert api.patch(PATH, {"spec": {"vineyard": {"peerTLS": None}, "service": {"port": 9700}}}).status == 200
    rpc = f"{SYSTEM}/services/{NAME}-rpc"
    eventually(lambda: api.get(rpc).json["spec"]["ports"][0]["port"] == 9700, "the change is made")
    ready(api)

    assert api.get(STORES).json["metadata"]["generation"] == generation
    assert manager.process.poll() is None
