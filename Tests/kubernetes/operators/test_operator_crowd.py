"""Given many clusters or none at all to look after, then the operator does what is needed and no more."""

import os

import pytest

from deployments import NAMESPACE, VINEYARDDS
from managers import ACCOUNT
from operated import DRIVERS, NAME, cluster, condition, driver, ready, told, writes
from waiting import eventually

MANY = int(os.environ.get("VINEYARDCTL_TEST_CLUSTERS", "100"))
PATIENCE = 600
LABEL = f"csi.vineyard.v6d.io/store-{NAMESPACE}.{NAME}"
MADE = (
    f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets",
    f"/api/v1/namespaces/{NAMESPACE}/services",
    f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
    f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets",
)


def owned(api, path):
    """`kind/name: name of the owner` of what the operator has made."""
    return {
        f"{path.rsplit('/', 1)[1]}/{item['metadata']['name']}": item["metadata"]["ownerReferences"][0]["name"]
        for item in api.get(path).json["items"]
        if item["metadata"].get("ownerReferences", [{}])[0].get("kind") in ("Vineyardd", "CSIDriver")
    }


def versions(api):
    """The resourceVersion of each cluster and of what the operator has made."""
    return {
        f"{path}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for path in (VINEYARDDS, *MADE)
        for item in api.get(path).json["items"]
    }


def labels(api):
    """The labels of all nodes together."""
    return {label for node in api.get("/api/v1/nodes").json["items"] for label in node["metadata"].get("labels", ())}


def states(api):
    items = api.get(VINEYARDDS).json["items"]
    return {item["metadata"]["name"]: (item.get("status") or {}).get("state") for item in items}


def test_given_many_clusters_at_once_then_all_become_ready(managers):
    # Nobody asks etcd how it is, which would make a status say something else after half a minute.
    manager = managers.start("manager-1", "--etcd-interval=1h")
    manager.says("resources: ")
    # Each cluster has a pod of etcd.
    for number in range(MANY // 25):
        managers.double.node(f"more-{number}", "add")

    for number in range(MANY):
        assert managers.api.post(VINEYARDDS, cluster(f"c{number}", replicas=0)).status == 201

    def all_are_ready():
        found = states(managers.api)
        return len(found) == MANY and set(found.values()) == {"Ready"}

    eventually(all_are_ready, f"{MANY} clusters are ready", PATIENCE)
    made = {name: owner for path in MADE for name, owner in owned(managers.api, path).items()}
    assert all(
        name.split("/")[1] in (owner, f"{owner}-etcd", f"{owner}-rpc", f"{owner}-etcd-service")
        for name, owner in made.items()
    )
    assert len(made) == 9 * MANY
    print(f"{MANY} clusters: {manager.resident >> 20} MiB")
    before = versions(managers.api)
    if managers.double.controllable:
        managers.double.clear_requests()
    managers.start("other", "--etcd-interval=1h").says("waiting: manager-1")
    assert versions(managers.api) == before
    if managers.double.controllable:
        assert writes(managers.double, ACCOUNT) == []


@pytest.mark.double_only(reason="needs a record of requests")
def test_given_a_quiet_minute_then_only_the_lease_is_renewed(managers):
    seconds = float(os.environ.get("VINEYARDCTL_TEST_QUIET", "5"))
    # Nor does anybody ask etcd how it is, which makes the status say something else after half a minute.
    manager = managers.start("manager-1", "--etcd-interval=1h", certificates=True)
    managers.api.post(VINEYARDDS, cluster())
    managers.api.post(DRIVERS, driver("sample", NAME))
    ready(managers.api)
    told(managers.api, NAME, "Normal", "Ready")
    told(managers.api, "sample", "Normal", "Ready")
    eventually(
        lambda: condition(managers.api, f"{DRIVERS}/sample", "ClustersReady")["status"] == "True",
        "it knows the cluster",
    )
    eventually(lambda: labels(managers.api) >= {LABEL}, "the store's node is labelled")
    renewals = 0
    managers.double.clear_requests()

    def has_passed():
        nonlocal renewals
        mine = [r for r in managers.double.requests() if r["user"] == ACCOUNT]
        renewals = sum("/leases/" in r["path"] for r in mine)
        return renewals >= seconds / 2

    eventually(has_passed, "time passes", seconds * 3 + 30)

    others = [
        f"{r['method']} {r['path']}?{r['query']}"
        for r in managers.double.requests()
        if r["user"] == ACCOUNT and "/leases/" not in r["path"] and "watch=true" not in r["query"]
    ]
    print(f"{renewals} renewals, {manager.resident >> 20} MiB")
    assert others == []


@pytest.mark.skipif(not os.environ.get("VINEYARDCTL_TEST_RELEASE"), reason="the budget is for the release build")
def test_given_an_idle_operator_then_it_needs_no_more_than_60_mb(managers):
    manager = managers.start(certificates=True)
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)

    assert manager.resident <= 60_000_000
